// Writes schema.graphql as the server serves it; with --check it only says whether the file is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ensureBuilt } from './build.mjs';

await ensureBuilt();
const require = createRequire(import.meta.url);
const { lexicographicSortSchema, printSchema } = require('graphql');
const { apiSchema } = require('../dist/server/schema.js');

const file = path.resolve(import.meta.dirname, '..', 'schema.graphql');
const text = `${printSchema(lexicographicSortSchema(apiSchema()))}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  process.stderr.write('schema.graphql is stale: run `npm run schema`\n');
  process.exit(1);
}
