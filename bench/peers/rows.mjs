// The rows that all peers answer from, over the same driver as Saludo's, with statements that are prepared once.
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import sqlite3 from 'sqlite3';

export const contractId = process.env.CONTRACT_ID;

/** A connection of its own, as durable as Saludo's. */
export function connect() {
  const database = new sqlite3.Database(process.env.DATABASE_FILE);
  database.serialize(() => {
    for (const pragma of ['journal_mode = wal', 'synchronous = full']) database.exec(`pragma ${pragma}`);
  });
  const prepared = new Map();
  return function all(text, values = []) {
    let statement = prepared.get(text);
    if (!statement) prepared.set(text, (statement = database.prepare(text)));
    return new Promise((resolve, reject) =>
      statement.all(values, (error, rows) => (error ? reject(error) : resolve(rows))),
    );
  };
}

/** The rows of a statement that reads. */
export const all = connect();

const SEND = 'select id, status, created_at, template_id, agent_id, contact_id, bot_id from sends';

export async function sendOf(id) {
  const [row] = await all(`${SEND} where id = ? and contract_id = ?`, [id, contractId]);
  return row ?? null;
}

export const sendsOf = (first) =>
  all(`${SEND} where contract_id = ? order by created_at desc, id desc limit ?`, [contractId, first]);

/** The rows of these ids in their order, in one statement. */
export async function byIds(table, columns, ids) {
  const unique = [...new Set(ids)];
  const marks = unique.map(() => '?').join(', ');
  const rows = await all(`select id, ${columns} from ${table} where id in (${marks})`, unique);
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

export const instant = (milliseconds) => new Date(milliseconds).toISOString();

/** What GraphQL servers are told of these rows. */
export const SCHEMA = `
  type Mutation {
    sendActiveMessage(input: SendActiveMessageInput!): SendActiveMessagePayload!
    setPresence(input: SetPresenceInput!): SetPresencePayload!
  }
  input SetPresenceInput { presence: String! }
  type SetPresencePayload { agent: Agent }
  type Subscription { presenceChanged: PresenceChanged! sendStatusChanged: SendStatusChanged! }
  type PresenceChanged { presence: String! agent: Agent! }
  type SendStatusChanged { status: String! send: Send! }
  input SendActiveMessageInput {
    botId: ID! templateId: ID! recipient: RecipientInput! parameters: [TemplateParameterInput!] idempotencyKey: String!
  }
  input RecipientInput { phone: String }
  input TemplateParameterInput { key: String! value: String! }
  type SendActiveMessagePayload { send: Send userErrors: [UserError!]! }
  type UserError { code: String! }
  type Query { send(id: ID!): Send sends(first: Int!): Sends }
  type Sends { nodes: [Send!]! }
  type Send { id: ID! status: String! createdAt: String! template: Template! agent: Agent! contact: Contact! bot: Bot! }
  type Template { id: ID! name: String! }
  type Agent { id: ID! name: String! }
  type Contact { id: ID! name: String phone: String }
  type Bot { id: ID! name: String! }
`;

/** The objects of a send: their table, and its columns beside the id. */
export const OBJECTS = {
  template: ['templates', 'name'],
  agent: ['agents', 'name'],
  contact: ['contacts', 'name, phone'],
  bot: ['bots', 'name'],
};

const [sample] = await all('select * from sends where contract_id = ? limit 1', [contractId]);
const [person] = await all('select * from contacts where id = ?', [sample.contact_id]);

/** The rows of a new contact and a new send to it. */
export function rowsFor({ botId, templateId, recipient, parameters }) {
  const now = Date.now();
  const contact = {
    ...person,
    id: randomUUID(),
    name: null,
    phone: recipient.phone,
    created_at: now,
    updated_at: now,
  };
  const send = {
    ...sample,
    id: randomUUID(),
    bot_id: botId,
    template_id: templateId,
    agent_id: process.env.AGENT_ID,
    contact_id: contact.id,
    parameters: JSON.stringify(parameters),
    status: 'QUEUED',
    created_at: now,
    updated_at: now,
  };
  return { contact, send };
}

export const insertion = (table, row) => [
  `insert into ${table} (${Object.keys(row).join(', ')}) values (${Object.keys(row)
    .map(() => '?')
    .join(', ')})`,
  Object.values(row),
];

/** The two checks of a create: the agent may send from this bot, and the template is turned on there. */
export const MAY_SEND = `select 1 from agent_permissions where agent_id = ? and bot_id = ?`;
export const IS_ENABLED = `select 1 from template_activations where bot_id = ? and template_id = ? and enabled = 1`;

/** Whose a token is: the others know no callers, but have to know whom an event is for. */
export async function agentOf(authorization) {
  const [, claims] = authorization.split('.');
  const { email } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  const [agent] = await all('select id from agents where email = ? and contract_id = ?', [email, contractId]);
  return agent.id;
}

/** Throws where a webhook is not signed over these bytes. */
export function checkSignature(body, given) {
  const due = Buffer.from(
    `sha256=${createHmac('sha256', process.env.APP_SECRET).update(body).digest('hex')}`,
  );
  const signature = Buffer.from(String(given));
  if (due.length !== signature.length || !timingSafeEqual(due, signature)) throw new Error('not signed');
}

/** What a webhook reports: the send that the provider was given along with the message, and its status now. */
export function reportIn(body) {
  const [report] = JSON.parse(body.toString()).entry[0].changes[0].value.statuses;
  return { id: report.biz_opaque_callback_data, status: report.status.toUpperCase() };
}

export const UPDATE_STATUS = 'update sends set status = ? where id = ? returning agent_id';
