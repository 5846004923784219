import { createHmac, randomUUID } from 'node:crypto';
import { APP_SECRET, messagesBody } from '../test/kit/customer';
import { graphQl, type Ask } from './ask';
import type { Name } from './contender';
import { sendIdOf, type Dataset } from './dataset';
import { IN_POSTGRAPHILES_WORDS } from './postgraphile';

/** An operation for a server whose schema is its own. */
export interface OtherWords {
  ask: (number: number, dataset: Dataset) => Ask;
  /** Its answer as the others give theirs: done here, so that it costs that server nothing. */
  translated: (answer: unknown) => unknown;
}

/** What is measured: the same work, whoever does it. */
export interface Operation {
  /** As it stands in the JSON. */
  name: 'point' | 'page' | 'send' | 'webhook';
  title: string;
  /** Whether the servers that know GraphQL are asked as well, or only those that take any request. */
  isGraphQl: boolean;
  /** The request of this number: no two are the same where that matters. */
  ask: (number: number, dataset: Dataset) => Ask;
  /** For those who have no such operation. */
  otherWords?: Partial<Record<Name, OtherWords>>;
}

const OBJECTS = 'template { id name } agent { id name } contact { id name phone }';
const POINT = `query ($id: ID!) { send(id: $id) { id status createdAt ${OBJECTS} } }`;
const PAGE = `query ($first: Int!) { sends(first: $first) { nodes { id status createdAt ${OBJECTS} bot { id name } } } }`;
const SEND = `mutation ($input: SendActiveMessageInput!) {
  sendActiveMessage(input: $input) { send { status template { id } } userErrors { code } }
}`;

/** A phone that nobody had before: of this run, and of this request. */
const RUN = Math.floor(Date.now() / 1_000) % 10_000;
const phoneOf = (number: number): string => `+55119${String(RUN * 10_000 + 10_000_000 + number).slice(-8)}`;

/** A webhook with one report of the provider. */
export function reportOf(
  dataset: Dataset,
  report: { id: string; status: string; [more: string]: string },
): Ask {
  const { channelId, businessAccountId, phoneNumberId } = dataset;
  const status = {
    timestamp: String(Math.floor(Date.now() / 1_000)),
    recipient_id: '5511970000001',
    ...report,
  };
  const body = JSON.stringify(
    messagesBody(
      { channelId, businessAccountId, phoneNumberId, app: { url: '', clock: null as never } },
      { statuses: [status] },
    ),
  );
  const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
  return {
    path: `/webhooks/whatsapp/${channelId}`,
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body,
  };
}

/** The request of this number, as this server is asked. */
export const askOf = ({ ask, otherWords }: Operation, name: Name, number: number, dataset: Dataset): Ask =>
  (otherWords?.[name]?.ask ?? ask)(number, dataset);

/** Those on PostgreSQL whose API is not ours are asked in the words of PostGraphile's. */
const inPostgraphilesWords = (name: 'point' | 'page' | 'send'): Partial<Record<Name, OtherWords>> => ({
  postgraphile: IN_POSTGRAPHILES_WORDS[name],
  'limit-postgres': IN_POSTGRAPHILES_WORDS[name],
});

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'point',
    title: '`send(id)` with its template, agent and contact',
    isGraphQl: true,
    ask: (number, dataset) => graphQl(dataset.adminToken, POINT, { id: sendIdOf(number, dataset) }),
    otherWords: inPostgraphilesWords('point'),
  },
  {
    name: 'page',
    title: '`sends(first: 50)` with four nested objects each',
    isGraphQl: true,
    ask: (_number, { adminToken }) => graphQl(adminToken, PAGE, { first: 50 }),
    otherWords: inPostgraphilesWords('page'),
  },
  {
    name: 'send',
    title: '`sendActiveMessage`, on the disk before it is answered',
    isGraphQl: true,
    // A desk's agents send in turn: of each one Saludo counts what was sent within the last minute.
    ask: (number, { agentTokens, botId, templateId }) =>
      graphQl(agentTokens[number % agentTokens.length] ?? '', SEND, {
        input: {
          botId,
          templateId,
          recipient: { phone: phoneOf(number) },
          parameters: [
            { key: 'body.1', value: 'Carla' },
            { key: 'body.2', value: '42' },
          ],
          idempotencyKey: randomUUID(),
        },
      }),
    otherWords: inPostgraphilesWords('send'),
  },
  {
    name: 'webhook',
    title: 'a webhook, on the disk before it is answered 200',
    isGraphQl: false,
    // A report on a message that nobody sent: what is measured is that it is taken and kept.
    ask: (number, dataset) => reportOf(dataset, { id: `wamid.${RUN}.${number}`, status: 'delivered' }),
  },
];
