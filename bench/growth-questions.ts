import type { GrownDesk } from './grown-desk';

/** Something that is asked of a desk of any size. */
export interface Question {
  name: string;
  asker?: 'agent';
  /** @param turn how often it was asked before: no two ask for the same where that matters. */
  ask: (desk: GrownDesk, turn: number) => { document: string; variables: Record<string, unknown> };
}

const DAY = 86_400_000;
const PAGE = 'nodes { id status createdAt template { id name } agent { id name } contact { id name phone } }';

function sends(
  name: string,
  filter: (desk: GrownDesk, turn: number) => object,
  orderBy?: object,
  asker?: 'agent',
): Question {
  const document = `query ($filter: SendFilter, $orderBy: SendOrder) { sends(filter: $filter, orderBy: $orderBy, first: 50) { ${PAGE} } }`;
  return {
    name: `sends, ${name}`,
    ...(asker && { asker }),
    ask: (desk, turn) => ({ document, variables: { filter: filter(desk, turn), orderBy } }),
  };
}

function tickets(
  name: string,
  filter: (desk: GrownDesk, turn: number) => object,
  orderBy?: object,
  asker?: 'agent',
): Question {
  const document = `query ($filter: TicketFilter, $orderBy: TicketOrder) { tickets(filter: $filter, orderBy: $orderBy, first: 50) {
    nodes { id status contact { id name } agent { id name } } } }`;
  return {
    name: `tickets, ${name}`,
    ...(asker && { asker }),
    ask: (desk, turn) => ({ document, variables: { filter: filter(desk, turn), orderBy } }),
  };
}

const CONTACTS = `query ($bot: ID!, $search: String) { contacts(botId: $bot, search: $search, first: 50) { nodes { id name phone email } } }`;

/** A contact of the whole table, another one each time. */
const anyOf = (count: number, turn: number): number => ((turn * 104_729 + 17) % count) + 1;

/** A part of what somebody is found by. */
function part(desk: GrownDesk, turn: number, of: 'name' | 'phone' | 'email', length: number): string {
  const text = desk.person(turn)[of] ?? '';
  const start = (turn * 3) % Math.max(1, text.length - length + 1);
  return text.slice(start, start + length);
}

function contacts(name: string, search: (desk: GrownDesk, turn: number) => string | null): Question {
  return {
    name: `contacts, ${name}`,
    ask: (desk, turn) => ({
      document: CONTACTS,
      variables: { bot: desk.desk.botId, search: search(desk, turn) },
    }),
  };
}

function statistics(...groupBy: string[]): Question {
  const document = `query ($filter: SendFilter, $groupBy: [SendDimension!]) { sendStatistics(filter: $filter, groupBy: $groupBy, timeZone: "America/Sao_Paulo") {
    total delivered read replied medianSecondsToReply } }`;
  return {
    name: `statistics of 30 days, ${groupBy.length === 0 ? 'one group' : `by ${groupBy.join(' and ')}`}`,
    ask: (desk) => {
      const from = new Date(desk.app.clock.now() - 30 * DAY).toISOString();
      return { document, variables: { filter: { createdFrom: from }, groupBy } };
    },
  };
}

const node = (kind: 'send' | 'contact' | 'ticket', fields: string): Question => ({
  name: `node, ${kind}`,
  ask: (desk, turn) => ({
    document: `query ($id: ID!) { node(id: $id) { ${fields} } }`,
    variables: { id: desk.idOf(kind, anyOf(500, turn)) },
  }),
});

const CHANGED = { field: 'CHANGED', direction: 'DESC' };
const OLDEST = { field: 'CREATED_AT', direction: 'ASC' };

export const QUESTIONS: readonly Question[] = [
  node('send', '... on Send { id status contact { id name } agent { id name } }'),
  node('contact', '... on Contact { id name phone }'),
  node('ticket', '... on Ticket { id status contact { id name } }'),
  sends('all', () => ({})),
  sends('all, oldest first', () => ({}), OLDEST),
  sends('all, last changed first', () => ({}), CHANGED),
  sends('of a bot', ({ desk }) => ({ botIds: [desk.botId] })),
  sends('of an agent', (desk, turn) => ({ agentIds: [desk.idOf('agent', anyOf(200, turn))] })),
  sends(
    'of an agent, last changed first',
    (desk, turn) => ({ agentIds: [desk.idOf('agent', anyOf(200, turn))] }),
    CHANGED,
  ),
  sends('of a template', (desk, turn) => ({ templateIds: [desk.idOf('template', anyOf(50, turn))] })),
  sends('of a contact', (desk, turn) => ({ contactId: desk.idOf('contact', anyOf(desk.contacts, turn)) })),
  sends(
    'of a contact, last changed first',
    (desk, turn) => ({ contactId: desk.idOf('contact', anyOf(desk.contacts, turn)) }),
    CHANGED,
  ),
  sends('failed', () => ({ statuses: ['FAILED'] })),
  sends('failed, last changed first', () => ({ statuses: ['FAILED'] }), CHANGED),
  sends('never seen status', () => ({ statuses: ['CANCELED'] })),
  sends('replied', () => ({ replyStates: ['REPLIED'] })),
  sends('awaiting a reply', () => ({ replyStates: ['AWAITING'] })),
  sends('of a span', (desk) => ({ createdFrom: desk.at(0.5), createdBefore: desk.at(0.6) })),
  sends('held', () => ({ held: true })),
  sends('by a name that few have', (desk, turn) => ({ search: part(desk, turn, 'name', 10) })),
  sends('by a name that many have', () => ({ search: 'mar' })),
  sends('by a phone number', (desk, turn) => ({ search: part(desk, turn, 'phone', 9) })),
  sends('by a template', () => ({ search: 'template_7' })),
  sends('as an agent', () => ({}), undefined, 'agent'),
  tickets('all', () => ({})),
  tickets('all, first created first', () => ({}), OLDEST),
  tickets('open', () => ({ statuses: ['OPEN'] })),
  tickets('waiting, of which there are none', () => ({ statuses: ['WAITING'] })),
  tickets('of an agent', (desk, turn) => ({ agentIds: [desk.idOf('agent', anyOf(200, turn))] })),
  tickets('of an agent, open', (desk, turn) => ({
    agentIds: [desk.idOf('agent', anyOf(200, turn))],
    statuses: ['OPEN'],
  })),
  tickets('of a contact', (desk, turn) => ({ contactId: desk.idOf('contact', anyOf(desk.contacts, turn)) })),
  tickets('by number', (_desk, turn) => ({ number: anyOf(500, turn) })),
  tickets('by a name that few have', (desk, turn) => ({ search: part(desk, turn, 'name', 10) })),
  tickets('as an agent', () => ({ mine: true }), undefined, 'agent'),
  contacts('all', () => null),
  contacts('by a part of a name', (desk, turn) => part(desk, turn, 'name', 4 + (turn % 6))),
  contacts('by two letters', (desk, turn) => part(desk, turn, 'name', 2)),
  contacts('by a part of a phone number', (desk, turn) => part(desk, turn, 'phone', 4 + (turn % 6))),
  contacts('by a part of an e-mail address', (desk, turn) => part(desk, turn, 'email', 5 + (turn % 6))),
  contacts('by what nobody has', () => 'qxwvy'),
  statistics(),
  statistics('DAY'),
  statistics('AGENT'),
  statistics('TEMPLATE'),
  statistics('DAY', 'AGENT'),
];
