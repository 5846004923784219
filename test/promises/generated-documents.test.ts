import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { DatabaseUnavailable } from '../../src/database/connection';
import { apiSchema } from '../../src/server/schema';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { Chance } from '../kit/chance';
import { Desk } from '../kit/desk';
import {
  DocumentGenerator,
  withOtherBytes,
  withOtherTokens,
  withOtherValues,
  type GeneratedDocument,
} from '../kit/generated-documents';
import { atLength, figure, scaled } from '../kit/scale';

const PROMISE = 'Limits';
const DOCUMENTS = scaled(500, 20_000);
const AT_ONCE = 4;
const SEED = 20_260_302;

let app: TestApp;
let callers: Caller[];
let ids: string[];
/** What the server's log says: a complaint is a fault, a warning tells at most what led to one. */
let complaints: unknown[][];
let warnings: unknown[][];

beforeAll(async () => {
  app = await TestApp.start({
    environment: { REQUESTS_PER_MINUTE: '10000000', SENDS_PER_MINUTE: '1000000' },
  });
  complaints = [];
  warnings = [];
  const { log } = app.platform;
  for (const level of ['error', 'fatal'] as const)
    jest.spyOn(log, level).mockImplementation((...said: unknown[]) => void complaints.push(said));
  jest.spyOn(log, 'warn').mockImplementation((...said: unknown[]) => void warnings.push(said));
  const desk = await Desk.open(app);
  const other = await Desk.open(app);
  const [bia, caio] = [await desk.agent('Bia'), await desk.agent('Caio')];
  const send = await desk.accepted(bia, '+5511970000001');
  const elsewhere = await other.accepted(other.admin, '+5511970000002');
  await desk.customer('5511970000003').write('Olá');
  const { secret } = await desk.admin.act(
    'createApiKey',
    { name: 'bi', scopes: ['READ'] },
    'apiKey { id } secret',
  );
  const { apiKey } = await desk.admin.act('createApiKey', { name: 'old', scopes: ['READ'] }, 'apiKey { id }');
  const { queue } = await desk.admin.act(
    'createQueue',
    { botId: desk.botId, name: 'Q', agentIds: [bia.id] },
    'queue { id }',
  );
  const { tickets } = await desk.admin.ask('{ tickets { nodes { id } } }');
  callers = [desk.admin, bia, app.machine(secret as string)];
  // Those who call are not among them: one who is deactivated or revoked is asked for nothing any more.
  ids = [
    desk.botId,
    desk.channelId,
    ...Object.values(desk.templates),
    caio.id,
    send.id,
    send.contactId,
    elsewhere.id,
    elsewhere.contactId,
    other.botId,
    other.admin.id,
    apiKey.id as string,
    queue.id as string,
    ...(tickets.nodes as { id: string }[]).map(({ id }) => id),
  ];
});
afterAll(async () => {
  jest.restoreAllMocks();
  await app.stop();
});

interface Sent {
  body: Buffer;
  /** As it was made, where nothing was changed afterwards. */
  valid: GeneratedDocument | null;
}

function make(generator: DocumentGenerator, chance: Chance): Sent {
  const document = generator.next();
  const kind = chance.below(20);
  const changed =
    kind >= 18
      ? withOtherValues(document, chance)
      : kind >= 14
        ? withOtherTokens(document, chance)
        : document;
  const body = Buffer.from(JSON.stringify({ query: changed.query, variables: changed.variables }));
  if (kind >= 14) return { body, valid: null };
  return kind >= 11 ? { body: withOtherBytes(body, chance), valid: null } : { body, valid: document };
}

interface Answered {
  status: number;
  codes: (string | undefined)[];
  gave: boolean;
}

async function send({ body }: Sent, caller: Caller): Promise<Answered> {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      authorization: `Bearer ${caller.token}`,
    },
    body,
  });
  const answer = JSON.parse(await response.text()) as {
    data?: object | null;
    errors?: { extensions?: { code?: string } }[];
  };
  const codes = (answer.errors ?? []).map(({ extensions }) => extensions?.code);
  return { status: response.status, codes, gave: answer.data != null };
}

const OUR_FAULT = new Set<string | undefined>(['INTERNAL_SERVER_ERROR', undefined]);
const AGAINST_RULES = new Set<string | undefined>(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']);

/** Whether an answer is one that nobody should get, or not one at all. */
function isFailure({ valid }: Sent, answer: Answered | string): boolean {
  if (typeof answer === 'string' || answer.status >= 500) return true;
  const isWrong = (code: string | undefined): boolean =>
    OUR_FAULT.has(code) || code === 'UNAUTHENTICATED' || (valid !== null && AGAINST_RULES.has(code));
  return answer.codes.some(isWrong);
}

const isOutage = ([said]: unknown[]): boolean =>
  (said as { err?: unknown } | undefined)?.err instanceof DatabaseUnavailable;

test(`${DOCUMENTS} documents, valid and not: each is answered with JSON, and none is the server’s failure`, async () => {
  const chance = new Chance(SEED);
  const generator = new DocumentGenerator(apiSchema(), chance, ids);
  const reached = new Set<string>();
  const failures: unknown[] = [];
  let valid = 0;
  let gave = 0;
  let left = DOCUMENTS;
  const begun = Date.now();
  const sender = async (): Promise<void> => {
    while (left > 0 && failures.length < 5) {
      left -= 1;
      const caller = chance.of(callers);
      const sent = make(generator, chance);
      const ask = (): Promise<Answered | string> => send(sent, caller).catch(String);
      const before = [complaints.length, warnings.length];
      let answer = await ask();
      // A database that others keep busy may be out of reach for a moment: a document that is to blame is so again.
      if (isFailure(sent, answer) && warnings.slice(before[1]).some(isOutage)) answer = await ask();
      if (isFailure(sent, answer)) {
        const logged = [...complaints.slice(before[0]), ...warnings.slice(before[1])];
        failures.push({ answer, logged, body: sent.body.toString() });
      } else if (sent.valid && typeof answer !== 'string') {
        valid += 1;
        if (answer.gave) gave += 1;
        for (const root of sent.valid.roots) reached.add(root);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  expect(failures).toEqual([]);
  expect(complaints).toEqual([]);
  // What was made is worth being sent: half of it is taken, and in time every door is knocked at.
  expect(gave).toBeGreaterThan(valid / 2);
  const { query, mutation } = apiSchema().toConfig();
  const doors = [query, mutation].flatMap((root) => Object.keys(root?.getFields() ?? {}));
  if (atLength) expect([...reached].sort()).toEqual(doors.sort());
  if (atLength)
    figure(
      PROMISE,
      'generated documents without a failure',
      `${DOCUMENTS} in ${((Date.now() - begun) / 1_000).toFixed(0)} s`,
    );
});
