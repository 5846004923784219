// PostGraphile over node:http: the API that it makes of the tables by itself, with its faster build (GRAPHILE_TURBO), its
// caches of documents and prepared statements, and as many connections as Saludo has. It is asked in its own words.
import { createServer } from 'node:http';
import pg from 'pg';
import { postgraphile } from 'postgraphile';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const handler = postgraphile(pool, 'public', {
  disableQueryLog: true,
  graphiql: false,
  legacyRelations: 'omit',
});
createServer(handler).listen(Number(process.env.PORT), '127.0.0.1');
