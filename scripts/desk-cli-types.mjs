// Writes the types of examples/desk-cli's operations from schema.graphql; with --check it only says whether they are stale.
import { codegen } from '@graphql-codegen/core';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import prettier from 'prettier';

// As the plugins load it: types of two copies of `graphql` do not fit together.
const require = createRequire(import.meta.url);
const { parse } = require('graphql');

const root = path.resolve(import.meta.dirname, '..');
const operations = path.join(root, 'examples', 'desk-cli', 'operations.graphql');
const file = path.join(root, 'examples', 'desk-cli', 'operations.generated.ts');
const read = (name) => parse(readFileSync(name, 'utf8'));

const config = {
  // A scalar that is not named below is an error, not an `any`.
  strictScalars: true,
  scalars: {
    DateTime: 'string',
    EmailAddress: 'string',
    ID: 'string',
    JSONObject: 'Record<string, unknown>',
    PhoneNumber: 'string',
    TimeZone: 'string',
    URL: 'string',
  },
  enumsAsTypes: true,
  onlyOperationTypes: true,
  skipTypename: true,
  useTypeImports: true,
  // Documents as text, the way they go over the wire.
  documentMode: 'string',
};

const code = await codegen({
  filename: file,
  schema: read(path.join(root, 'schema.graphql')),
  documents: [{ location: operations, document: read(operations) }],
  config,
  plugins: [{ 'typescript-operations': {} }, { 'typed-document-node': {} }],
  pluginMap: {
    'typescript-operations': require('@graphql-codegen/typescript-operations'),
    'typed-document-node': require('@graphql-codegen/typed-document-node'),
  },
});
const heading =
  '/* eslint-disable */\n// Made by `npm run desk-cli:types` from operations.graphql: do not edit.\n';
const options = await prettier.resolveConfig(file);
const text = await prettier.format(heading + code, { ...options, filepath: file });

if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  process.stderr.write(
    'examples/desk-cli/operations.generated.ts is stale: run `npm run desk-cli:types` and commit what it writes.\n',
  );
  process.exit(1);
}
