// The limit of this machine and PostgreSQL's driver: no GraphQL at all, one prepared statement for each request, and JSON put
// together by hand. It is asked in PostGraphile's words, and told what the operation is by the variables alone.
import { createServer } from 'node:http';
import pg from 'pg';

// As many connections as the others have.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const rowsOf = async (name, text, values) => (await pool.query({ name, text, values })).rows;

const JOINED = `
  select s.id, s.status, s.created_at, t.id as template_id, t.name as template_name, a.id as agent_id, a.name as agent_name,
    c.id as contact_id, c.name as contact_name, c.phone as contact_phone, b.id as bot_id, b.name as bot_name
  from sends s join templates t on t.id = s.template_id join agents a on a.id = s.agent_id
    join contacts c on c.id = s.contact_id join bots b on b.id = s.bot_id`;
const text = JSON.stringify;
const named = (id, name) => `{"id":"${id}","name":${text(name)}}`;

const sendText = (row, withBot) =>
  `{"id":"${row.id}","status":"${row.status}","createdAt":"${row.created_at}",` +
  `"template":${named(row.template_id, row.template_name)},"agent":${named(row.agent_id, row.agent_name)},` +
  `"contact":{"id":"${row.contact_id}","name":${text(row.contact_name)},"phone":${text(row.contact_phone)}}` +
  `${withBot ? `,"bot":${named(row.bot_id, row.bot_name)}` : ''}}`;

const columnOf = (field) => field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

async function answer({ id, contract, first, send }) {
  if (id !== undefined) {
    const [row] = await rowsOf('point', `${JOINED} where s.id = $1`, [id]);
    return `{"send":${sendText(row, false)}}`;
  }
  if (first !== undefined) {
    const latest = `${JOINED} where s.contract_id = $1 order by s.created_at desc, s.id desc limit $2`;
    const rows = await rowsOf('page', latest, [contract, first]);
    return `{"sends":{"nodes":[${rows.map((row) => sendText(row, true)).join(',')}]}}`;
  }
  const row = Object.fromEntries(Object.entries(send).map(([field, value]) => [columnOf(field), value]));
  const insertion =
    'insert into sends select * from json_populate_record(null::sends, $1) returning status, template_id';
  const [kept] = await rowsOf('send', insertion, [text(row)]);
  return `{"sendActiveMessage":{"send":{"status":"${kept.status}","template":{"id":"${kept.template_id}"}}}}`;
}

createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const given = Buffer.concat(parts).toString();
  const body = given === '' ? '' : `{"data":${await answer(JSON.parse(given).variables)}}`;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}).listen(Number(process.env.PORT), '127.0.0.1');
