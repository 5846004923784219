import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Kind, OperationTypeNode, parse, type OperationDefinitionNode } from 'graphql';
import { ALL_RESOLVERS } from '../../src/resolvers/all';
import { buildApiSchema } from '../../src/schema/build';
import { admit, readDocument } from '../../src/server/validation';

const FOLDER = path.resolve(__dirname, '../../explorer/operations');
const GROUPS = ['admin', 'agent', 'live', 'analytics'];
const schema = buildApiSchema(ALL_RESOLVERS);

interface OperationFile {
  name: string;
  text: string;
}

const filesOf = (folder: string): OperationFile[] =>
  readdirSync(path.join(FOLDER, folder)).map((file) => ({
    name: `${folder}/${file}`,
    text: readFileSync(path.join(FOLDER, folder, file), 'utf8'),
  }));

const ready = GROUPS.flatMap(filesOf);
const choices = filesOf('choices');

/** The one operation of a file. */
function operationOf({ text }: OperationFile): OperationDefinitionNode {
  const operations = parse(text).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  expect(operations).toHaveLength(1);
  return operations[0] as OperationDefinitionNode;
}

const commentOf = ({ text }: OperationFile): string[] =>
  text
    .slice(0, text.search(/^[^#]/m))
    .trim()
    .split('\n')
    .map((line) => line.replace(/^#\s*/, ''));

const titleOf = (file: OperationFile): string => commentOf(file)[0]!;

describe('the operations that the explorer offers', () => {
  test.each([...ready, ...choices])('$name is one that the API serves', (file) => {
    const read = readDocument(file.text);
    expect(read).not.toHaveProperty('errors');
    if (!('document' in read)) return;
    const admitted = admit(schema, read.document, {}, false);
    const refusals = 'errors' in admitted ? admitted.errors.map(({ message }) => message) : [];
    // Whoever runs it gives the variables.
    expect(refusals.filter((message) => !message.endsWith('was not provided.'))).toEqual([]);
  });

  test.each(ready)('$name says what it is and what to know of it', (file) => {
    expect(file.text).toMatch(/^# \S/);
    const [title = '', ...explanation] = commentOf(file);
    expect(title.length).toBeGreaterThan(4);
    expect(explanation.join(' ').trim().length).toBeGreaterThan(20);
  });

  test.each(GROUPS)('all of %s are listed', (group) => {
    const list = readFileSync(path.join(FOLDER, `${group}.ts`), 'utf8');
    for (const { name } of filesOf(group)) {
      const imported = new RegExp(`import (\\w+) from './${name.replace('.', '\\.')}'`).exec(list);
      expect({ name, listed: list.includes(`ready(${imported?.[1] ?? 'nothing'}`) }).toEqual({
        name,
        listed: true,
      });
    }
  });

  test('each has a title, and a name for its tab, of its own', () => {
    const titles = ready.map(titleOf);
    const names = ready.map((file) => operationOf(file).name?.value);
    expect(new Set(titles).size).toBe(ready.length);
    expect(new Set(names).size).toBe(ready.length);
    expect(names).not.toContain(undefined);
  });

  test('a title that one of them names is there', () => {
    const texts = [
      ...ready.map((file) => commentOf(file).join(' ')),
      readFileSync(path.join(FOLDER, 'choices.ts'), 'utf8'),
    ];
    const named = texts.flatMap((text) => [...text.matchAll(/run "([^"]+)"/gi)].map(([, title]) => title!));
    expect(named.length).toBeGreaterThan(3);
    const titles = ready.map(titleOf);
    expect(named.filter((title) => !titles.some((known) => known.startsWith(title)))).toEqual([]);
  });

  test.each(filesOf('live'))('$name can be resumed', (file) => {
    const operation = operationOf(file);
    expect(operation.operation).toBe(OperationTypeNode.SUBSCRIPTION);
    expect(operation.variableDefinitions?.map(({ variable }) => variable.name.value)).toContain('after');
    expect(file.text).toMatch(/\(after: \$after/);
    expect(file.text).toMatch(/^ {4}cursor$/m);
  });
});
