// The limit of this machine and driver: no GraphQL at all, one prepared join, JSON put together by hand, and whatever
// comes while the disk is waited for is written with the next commit.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { JOINED, named, sendText } from './by-hand.mjs';
import {
  agentOf,
  all,
  checkSignature,
  connect,
  contractId,
  insertion,
  instant,
  reportIn,
  rowsFor,
} from './rows.mjs';

const write = connect();
let waiting = [];
let writing = false;

/** Resolves once what these statements write is on the disk. */
function keep(...statements) {
  return new Promise((resolve, reject) => {
    waiting.push({ statements, resolve, reject });
    if (!writing) void commitAll();
  });
}

async function commitAll() {
  writing = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    try {
      await write('begin immediate');
      for (const { statements } of batch) for (const one of statements) await write(...one);
      await write('commit');
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
  writing = false;
}

await write('create table if not exists kept_bodies (id text primary key, body text not null)');

const server = createServer();
const presenceHearers = new Set();
/** Who hears of an agent's sends, by the agent. */
const hearersOf = new Map();
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  let agent;
  const presence = new Map();
  const hear = async (id, { query }) => {
    if (query.includes('presenceChanged')) {
      presence.set(id, [socket, id]);
      presenceHearers.add(presence.get(id));
      return;
    }
    const agentId = await agent;
    if (!hearersOf.has(agentId)) hearersOf.set(agentId, []);
    hearersOf.get(agentId).push([socket, id]);
  };
  socket.on('message', (data) => {
    const { id, type, payload } = JSON.parse(data.toString());
    if (type === 'connection_init') {
      agent = agentOf(payload.Authorization);
      socket.send('{"type":"connection_ack"}');
    } else if (type === 'subscribe') void hear(id, payload);
    else if (type === 'complete') presenceHearers.delete(presence.get(id));
  });
});

async function takeWebhook(body, signature) {
  checkSignature(body, signature);
  if (body.includes('biz_opaque_callback_data')) await takeReport(reportIn(body));
  else await keep(insertion('kept_bodies', { id: randomUUID(), body: body.toString() }));
  return '';
}

/** What the provider reports of a send, written down and told to the agent whose it is. */
async function takeReport({ id, status }) {
  const [{ agent_id: agentId }] = await all('select agent_id from sends where id = ?', [id]);
  await keep(['update sends set status = ? where id = ?', [status, id]]);
  const told = `"type":"next","payload":{"data":{"sendStatusChanged":{"status":"${status}","send":{"id":"${id}"}}}}}`;
  for (const [socket, subscription] of hearersOf.get(agentId) ?? [])
    socket.send(`{"id":"${subscription}",${told}`);
}

/** One agent's new presence, written down and told to all. */
async function setPresence(presence) {
  const id = process.env.AGENT_ID;
  await write('update agents set presence = ? where id = ?', [presence, id]);
  const [{ name }] = await all('select name from agents where id = ?', [id]);
  const told = `"type":"next","payload":{"data":{"presenceChanged":{"presence":"${presence}","agent":${named(id, name)}}}}}`;
  for (const [socket, subscription] of presenceHearers) socket.send(`{"id":"${subscription}",${told}`);
  return `{"data":{"setPresence":{"agent":{"id":"${id}"}}}}`;
}

async function answer({ id, first, input }) {
  if (input?.presence !== undefined) return setPresence(input.presence);
  if (input !== undefined) {
    const { contact, send } = rowsFor(input);
    await keep(insertion('contacts', contact), insertion('sends', send));
    const { status, template_id: template } = send;
    return `{"data":{"sendActiveMessage":{"send":{"status":"${status}","template":{"id":"${template}"}},"userErrors":[]}}}`;
  }
  if (id !== undefined) {
    const [row] = await all(`${JOINED} where s.id = ? and s.contract_id = ?`, [id, contractId]);
    return `{"data":{"send":${sendText(row, instant(row.created_at), false)}}}`;
  }
  const rows = await all(`${JOINED} where s.contract_id = ? order by s.created_at desc, s.id desc limit ?`, [
    contractId,
    first,
  ]);
  return `{"data":{"sends":{"nodes":[${rows.map((row) => sendText(row, instant(row.created_at), true)).join(',')}]}}}`;
}

server.on('request', (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    if (body.length === 0) {
      response.end();
      return;
    }
    const answered = request.url.startsWith('/webhooks/')
      ? takeWebhook(body, request.headers['x-hub-signature-256'])
      : answer(JSON.parse(body.toString()).variables);
    answered.then(
      (text) => {
        response.writeHead(200, {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
        });
        response.end(text);
      },
      (error) => response.writeHead(500).end(String(error)),
    );
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
