import { randomUUID } from 'node:crypto';
import { graphQl, type Ask } from './ask';
import { sendIdOf, type Dataset } from './dataset';
import type { OtherWords } from './operations';

const OBJECTS = `template: templateByTemplateId { id name } agent: agentByAgentId { id name }
  contact: contactByContactId { id name phone }`;
const POINT = `query ($id: String!) { send: sendById(id: $id) { id status createdAt ${OBJECTS} } }`;
const PAGE = `query ($contract: String!, $first: Int!) {
  sends: allSends(condition: { contractId: $contract }, first: $first, orderBy: [CREATED_AT_DESC, ID_DESC]) {
    nodes { id status createdAt ${OBJECTS} bot: botByBotId { id name } }
  }
}`;
const SEND = `mutation ($send: SendInput!) {
  sendActiveMessage: createSend(input: { send: $send }) { send { status template: templateByTemplateId { id } } }
}`;

/** It knows no callers: a token would only have it look for one. */
const ask = (query: string, variables: Record<string, unknown>): Ask => {
  const { headers, ...request } = graphQl('', query, variables);
  const { authorization: _nobody, ...others } = headers;
  return { ...request, headers: others };
};

interface InMilliseconds {
  createdAt: string;
}

const withInstant = (send: InMilliseconds): object => ({
  ...send,
  createdAt: new Date(Number(send.createdAt)).toISOString(),
});

const camelCase = (column: string): string =>
  column.replaceAll(/_(.)/g, (_match, letter: string) => letter.toUpperCase());

/** A new send to a contact that is there: one row, where the others write one of a new contact too. */
function newSend({ sendRow }: Dataset): Record<string, unknown> {
  const now = Date.now();
  const row = {
    ...sendRow,
    id: `snd_${randomUUID()}`,
    status: 'QUEUED',
    created_at: now,
    updated_at: now,
  };
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [camelCase(column), value]));
}

/** The operations as PostGraphile makes them of the tables. */
export const IN_POSTGRAPHILES_WORDS: Readonly<Record<'point' | 'page' | 'send', OtherWords>> = {
  point: {
    ask: (number, dataset) => ask(POINT, { id: sendIdOf(number, dataset) }),
    translated: (answer) => ({ send: withInstant((answer as { send: InMilliseconds }).send) }),
  },
  page: {
    ask: (_number, { contractId }) => ask(PAGE, { contract: contractId, first: 50 }),
    translated: (answer) => {
      const { nodes } = (answer as { sends: { nodes: InMilliseconds[] } }).sends;
      return { sends: { nodes: nodes.map(withInstant) } };
    },
  },
  send: {
    ask: (_number, dataset) => ask(SEND, { send: newSend(dataset) }),
    translated: (answer) => {
      const { sendActiveMessage: payload } = answer as { sendActiveMessage: object };
      return { sendActiveMessage: { ...payload, userErrors: [] } };
    },
  },
};
