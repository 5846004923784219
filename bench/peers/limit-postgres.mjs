// The limit of this machine and PostgreSQL's driver: no GraphQL at all, one prepared statement for each request, and JSON put
// together by hand. It is asked in PostGraphile's words, and told what the operation is by the variables alone.
import { createServer } from 'node:http';
import pg from 'pg';
import { JOINED, sendText } from './by-hand.mjs';

// As many connections as the others have.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const rowsOf = async (name, text, values) => (await pool.query({ name, text, values })).rows;

const columnOf = (field) => field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

async function answer({ id, contract, first, send }) {
  if (id !== undefined) {
    const [row] = await rowsOf('point', `${JOINED} where s.id = $1`, [id]);
    return `{"send":${sendText(row, row.created_at, false)}}`;
  }
  if (first !== undefined) {
    const latest = `${JOINED} where s.contract_id = $1 order by s.created_at desc, s.id desc limit $2`;
    const rows = await rowsOf('page', latest, [contract, first]);
    return `{"sends":{"nodes":[${rows.map((row) => sendText(row, row.created_at, true)).join(',')}]}}`;
  }
  const row = Object.fromEntries(Object.entries(send).map(([field, value]) => [columnOf(field), value]));
  const insertion =
    'insert into sends select * from json_populate_record(null::sends, $1) returning status, template_id';
  const [kept] = await rowsOf('send', insertion, [JSON.stringify(row)]);
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
