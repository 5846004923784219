import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Kind, type GraphQLSchema } from 'graphql';
import { TEMPLATE_READERS } from '../../src/channels/cloud-api/webhook-templates';
import { FIELDS_WITH_LISTS } from '../../src/channels/cloud-api/webhooks';
import { ALL_RESOLVERS } from '../../src/resolvers/all';
import { buildApiSchema } from '../../src/schema/build';
import { CLOSE } from '../../src/server/socket-session';
import { admit, readDocument } from '../../src/server/validation';

const ROOT = path.resolve(__dirname, '../..');
const schema: GraphQLSchema = buildApiSchema(ALL_RESOLVERS);

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(folder, name));
}

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

interface Shown {
  where: string;
  text: string;
}

/** The GraphQL that a page shows, each with the line it begins at. */
function blocksOf(page: string): Shown[] {
  const text = read(page);
  return [...text.matchAll(/^```graphql[^\n]*\n(.*?)^```/gms)].map((match) => ({
    where: `${page}:${text.slice(0, match.index).split('\n').length}`,
    text: match[1] ?? '',
  }));
}

/** What the server would say against a document, before it runs any of its operations. */
function refusals(text: string): string[] {
  const answer = readDocument(text);
  if ('errors' in answer) return answer.errors.map(({ message }) => message);
  const { document } = answer;
  return (
    document.definitions
      .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
      .map((operation) => admit(schema, document, { operationName: operation.name?.value }, false))
      .flatMap((admitted) => ('errors' in admitted ? admitted.errors : []))
      .map(({ message }) => message)
      // Whoever copies it gives the variables.
      .filter((message) => !message.endsWith('was not provided.'))
  );
}

describe('GraphQL that people copy', () => {
  const pages = ['README.md', ...filesIn('docs', '.md')];
  const shown = [
    ...pages.flatMap(blocksOf),
    ...filesIn('examples', '.graphql').map((file) => ({ where: file, text: read(file) })),
  ];

  test('every operation in the documentation and the examples is one that the server takes', () => {
    expect(shown.length).toBeGreaterThan(10);
    const wrong = shown.flatMap(({ where, text }) => refusals(text).map((message) => `${where}: ${message}`));
    expect(wrong).toEqual([]);
  });
});

describe('what pages promise to list', () => {
  const DESK_MUTATIONS = [
    ...['sendActiveMessage', 'retrySend', 'cancelSend', 'setPresence', 'sendTicketMessage'],
    ...['acceptTicket', 'transferTicket', 'markTicketRead', 'closeTicket'],
  ];

  test('docs/desk-ui.md says what to do about every code that a desk may be answered', () => {
    const mutations = schema.getMutationType()?.getFields() ?? {};
    const codes = DESK_MUTATIONS.flatMap(
      (name) => /May answer: (.*)\./.exec(mutations[name]?.description ?? '')?.[1]?.split(', ') ?? [],
    );
    expect(codes).toContain('PHONE_INVALID');
    const page = read('docs/desk-ui.md');
    expect([...new Set(codes)].filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });

  test('docs/admin.md says to subscribe to every field of webhooks that this server reads', () => {
    const page = read('docs/admin.md');
    // Echoes of what was sent from elsewhere are of no matter here.
    const fields = [...FIELDS_WITH_LISTS, ...TEMPLATE_READERS.keys()].filter(
      (field) => field !== 'smb_message_echoes',
    );
    expect(fields.filter((field) => !page.includes(`\`${field}\``))).toEqual([]);
  });

  test('docs/live-updates.md says what to do about every code that this server closes sockets with', () => {
    const page = read('docs/live-updates.md');
    expect(Object.values(CLOSE).filter((code) => !page.includes(`| ${code} `))).toEqual([]);
  });
});
