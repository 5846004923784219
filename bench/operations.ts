import { createHmac, randomUUID } from 'node:crypto';
import { APP_SECRET, messagesBody } from '../test/kit/customer';
import type { Dataset } from './dataset';

/** A request over HTTP. */
export interface Ask {
  path: string;
  headers: Record<string, string>;
  body: string;
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
}

export const graphQl = (token: string, query: string, variables: Record<string, unknown>): Ask => ({
  path: '/graphql',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: `Bearer ${token}`,
  },
  body: JSON.stringify({ query, variables }),
});

const OBJECTS = 'template { id name } agent { id name } contact { id name phone }';
const POINT = `query ($id: ID!) { send(id: $id) { id status createdAt ${OBJECTS} } }`;
const PAGE = `query ($first: Int!) { sends(first: $first) { nodes { id status createdAt ${OBJECTS} bot { id name } } } }`;
const SEND = `mutation ($input: SendActiveMessageInput!) {
  sendActiveMessage(input: $input) { send { status template { id } } userErrors { code } }
}`;

/** A phone that nobody had before: of this run, and of this request. */
const RUN = Math.floor(Date.now() / 1_000) % 10_000;
const phoneOf = (number: number): string => `+55119${String(RUN * 10_000 + 10_000_000 + number).slice(-8)}`;

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'point',
    title: '`send(id)` with its template, agent and contact',
    isGraphQl: true,
    ask: (number, { adminToken, sendIds }) =>
      graphQl(adminToken, POINT, { id: sendIds[(number * 7_919) % sendIds.length] }),
  },
  {
    name: 'page',
    title: '`sends(first: 50)` with four nested objects each',
    isGraphQl: true,
    ask: (_number, { adminToken }) => graphQl(adminToken, PAGE, { first: 50 }),
  },
  {
    name: 'send',
    title: '`sendActiveMessage`, on the disk before it is answered',
    isGraphQl: true,
    ask: (number, { agentToken, botId, templateId }) =>
      graphQl(agentToken, SEND, {
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
  },
  {
    name: 'webhook',
    title: 'a webhook, on the disk before it is answered 200',
    isGraphQl: false,
    ask: (number, { channelId, businessAccountId, phoneNumberId }) => {
      // A report on a message that nobody sent: what is measured is that it is taken and kept.
      const status = {
        id: `wamid.${RUN}.${number}`,
        status: 'delivered',
        timestamp: String(Math.floor(Date.now() / 1_000)),
        recipient_id: '5511970000001',
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
    },
  },
];
