import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { OperationTypeNode, parse, type ExecutionResult } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { isCompiled, run } from '../../src/server/execution';
import { RequestContext } from '../../src/server/request-context';
import { apiSchema } from '../../src/server/schema';
import { admit } from '../../src/server/validation';
import { authenticate } from '../../src/services/access/authentication';
import type { Viewer } from '../../src/services/access/viewer';
import { TestApp } from '../kit/app';
import { Chance } from '../kit/chance';
import { Desk } from '../kit/desk';
import { DocumentGenerator } from '../kit/generated-documents';
import { scaled } from '../kit/scale';

const DOCUMENTS = scaled(300, 5_000);
const SEED = 20_261_125;
/** An operation is compiled when it comes for the third time. */
const RUNS = 3;

let app: TestApp;
let viewers: Viewer[];
let ids: string[];

beforeAll(async () => {
  app = await TestApp.start();
  const desk = await Desk.open(app);
  const agent = await desk.agent('Bia');
  const send = await desk.accepted(agent, '+5511970000001');
  await desk.customer('5511970000003').write('Olá');
  viewers = await Promise.all(
    [desk.admin, agent].map(async ({ token }) => (await authenticate(app.platform, token, null)).viewer),
  );
  ids = [desk.botId, desk.channelId, agent.id, send.id, send.contactId, ...Object.values(desk.templates)];
});
afterAll(() => app.stop());

/** The answers when an operation comes for the first time, and when it was compiled. */
async function answersTo(
  query: string,
  variables: Record<string, unknown>,
  viewer: Viewer,
): Promise<{ first: ExecutionResult; last: ExecutionResult; isCompiled: boolean } | null> {
  const [schema, document] = [apiSchema(), parse(query)];
  const admitted = admit(schema, document, { variables }, false);
  if ('errors' in admitted) return null;
  const results: ExecutionResult[] = [];
  for (let time = 1; time <= RUNS; time += 1) {
    const contextValue = new RequestContext(app.platform, viewer, randomUUID());
    const { coerced } = admitted;
    results.push(await run({ schema, document, contextValue, variableValues: variables, coerced }));
  }
  const [first, last] = [results[0], results.at(-1)].map(
    (result) => JSON.parse(JSON.stringify(result)) as ExecutionResult,
  );
  return first && last ? { first, last, isCompiled: isCompiled(document) } : null;
}

const inOrder = ({ errors = [] }: ExecutionResult): string[] =>
  errors.map((error) => JSON.stringify(error)).sort();

test('compiled operations answer as interpreted ones do, whatever is asked', async () => {
  const chance = new Chance(SEED);
  const generator = new DocumentGenerator(apiSchema(), chance, ids, [OperationTypeNode.QUERY]);
  let [compared, compiled] = [0, 0];
  for (let number = 0; number < DOCUMENTS; number += 1) {
    const { query, variables } = generator.next();
    const answers = await answersTo(query, variables, chance.of(viewers));
    if (!answers) continue;
    compared += 1;
    if (answers.isCompiled) compiled += 1;
    const { first, last } = answers;
    expect({ query, variables, data: last.data }).toEqual({ query, variables, data: first.data });
    // Where a whole list is null for one error in it, those of its other items may be told as well.
    expect(inOrder(last)).toEqual(expect.arrayContaining(inOrder(first)));
    expect({ query, isWhole: last.errors === undefined }).toEqual({
      query,
      isWhole: first.errors === undefined,
    });
  }
  expect(compared).toBeGreaterThan(DOCUMENTS / 2);
  // Or nothing would have been compared but the interpreter with itself.
  expect(compiled).toBeGreaterThan(compared / 2);
});

test('what the compiler gets wrong is left to the interpreter, or given to it ready', async () => {
  const [viewer] = viewers as [Viewer];
  const documents: [string, Record<string, unknown>][] = [
    // A null where a default stands, and none may.
    ['query ($id: ID = "x") { send(id: $id) { id } }', { id: null }],
    ['query ($first: Int = 2) { sends(first: $first) { nodes { id } } }', { first: null }],
    // Fields that a literal with variables leaves out.
    ['query ($status: [SendStatus!]) { sends(filter: { statuses: $status }) { nodes { id } } }', {}],
    [
      'query ($is: Boolean!) { viewer { __typename @include(if: $is) agent { id @skip(if: $is) name } } }',
      { is: true },
    ],
    ['query ($is: Boolean = true) { viewer { __typename @include(if: $is) } }', {}],
    [
      'query ($id: ID!) { node(id: $id) { __typename ... on Send { status } ... on Agent { name } } }',
      { id: ids[3] },
    ],
    ['{ __schema { queryType { fields { name } } types { name } } }', {}],
    // Where errors point to, whatever ends a line.
    [
      'query ($id: ID!) {\r\n  viewer { __typename }\n  templates(first: 1) {\r\n    nodes { issues(botId: $id) { code } }\r  }\n}',
      { id: 'bot_none' },
    ],
  ];
  for (const [query, variables] of documents) {
    const answers = await answersTo(query, variables, viewer);
    expect({ query, ...answers?.last }).toEqual({ query, ...answers?.first });
  }
});

test('by itself the compiler takes a field that is left out and has a default for missing', async () => {
  const query = 'mutation ($input: CreateAgentInput!) { createAgent(input: $input) { userErrors { code } } }';
  const [schema, document] = [apiSchema(), parse(query)];
  const [viewer] = viewers as [Viewer];
  const variables = { input: { name: '', email: 'x@acme.test', role: 'AGENT' } };
  const alone = compileQuery(schema, document);
  if (!isCompiledQuery(alone)) throw new Error('It could not be compiled');
  const wrong = await alone.query(null, new RequestContext(app.platform, viewer, 'a request'), variables);
  expect(wrong.errors?.[0]?.message).toMatch('slots of required type Int! was not provided');
  const answers = await answersTo(query, variables, viewer);
  expect(answers?.last).toEqual({ data: { createAgent: { userErrors: [{ code: 'INVALID' }] } } });
});
