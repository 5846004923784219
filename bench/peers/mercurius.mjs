// mercurius with its JIT, and resolvers of SQL written by hand; its own loaders gather the objects of a page. It writes
// with TypeORM's repositories, as such servers usually do. Who subscribes to what concerns an agent has a filter for it.
import fastify from 'fastify';
import mercurius from 'mercurius';
import { DataSource, EntitySchema } from 'typeorm';
import {
  agentOf,
  all,
  byIds,
  checkSignature,
  instant,
  OBJECTS,
  reportIn,
  rowsFor,
  SCHEMA,
  sendOf,
  sendsOf,
  UPDATE_STATUS,
} from './rows.mjs';

async function entityOf(table) {
  const columns = await all(
    `select name, lower(type) as type, "notnull" as required from pragma_table_info('${table}')`,
  );
  return new EntitySchema({
    name: table,
    tableName: table,
    columns: Object.fromEntries(
      columns.map(({ name, type, required }) => [
        name,
        { name, type, nullable: !required, primary: name === 'id' },
      ]),
    ),
  });
}

const TABLES = ['sends', 'contacts', 'agent_permissions', 'template_activations'];
const source = await new DataSource({
  type: 'sqlite',
  database: process.env.DATABASE_FILE,
  enableWAL: true,
  entities: await Promise.all(TABLES.map(entityOf)),
}).initialize();
await source.query('pragma synchronous = full');
const [sends, contacts, permissions, activations] = TABLES.map((table) => source.getRepository(table));

async function sendActiveMessage(_root, { input }) {
  const refused = (code) => ({ send: null, userErrors: [{ code }] });
  const { botId: bot_id, templateId: template_id } = input;
  if (!(await permissions.findOneBy({ agent_id: process.env.AGENT_ID, bot_id })))
    return refused('PERMISSION_MISSING');
  if (!(await activations.findOneBy({ bot_id, template_id, enabled: 1 })))
    return refused('TEMPLATE_NOT_ENABLED');
  const { contact, send } = rowsFor(input);
  await contacts.insert(contact);
  await sends.insert(send);
  return { send, userErrors: [] };
}

const resolvers = {
  Query: {
    send: (_root, { id }) => sendOf(id),
    sends: async (_root, { first }) => ({ nodes: await sendsOf(first) }),
  },
  Mutation: {
    sendActiveMessage,
    async setPresence(_root, { input: { presence } }, { pubsub }) {
      const id = process.env.AGENT_ID;
      await all('update agents set presence = ? where id = ?', [presence, id]);
      await pubsub.publish({ topic: 'presence', payload: { presenceChanged: { presence, agentId: id } } });
      return { agent: { id } };
    },
  },
  Subscription: {
    presenceChanged: { subscribe: (_root, _given, { pubsub }) => pubsub.subscribe('presence') },
    sendStatusChanged: {
      subscribe: mercurius.withFilter(
        (_root, _given, { pubsub }) => pubsub.subscribe('statuses'),
        ({ sendStatusChanged }, _given, { agentId }) => sendStatusChanged.agentId === agentId,
      ),
    },
  },
  Send: { createdAt: ({ created_at }) => instant(created_at) },
};
const loaders = {
  PresenceChanged: {
    agent: {
      loader: (queries) =>
        byIds(
          'agents',
          'name',
          queries.map(({ obj }) => obj.agentId),
        ),
      opts: { cache: false },
    },
  },
  Send: Object.fromEntries(
    Object.entries(OBJECTS).map(([name, [table, columns]]) => [
      name,
      {
        loader: (queries) =>
          byIds(
            table,
            columns,
            queries.map(({ obj }) => obj[`${name}_id`]),
          ),
        opts: { cache: false },
      },
    ]),
  ),
};

const app = fastify();
app.register(mercurius, {
  schema: SCHEMA,
  resolvers,
  loaders,
  jit: 1,
  subscription: { onConnect: async ({ payload }) => ({ agentId: await agentOf(payload.Authorization) }) },
});
app.register(async (webhooks) => {
  // The signature is over the bytes as they came.
  webhooks.removeContentTypeParser('application/json');
  webhooks.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  webhooks.post('/webhooks/whatsapp/:channel', async ({ headers, body }) => {
    checkSignature(body, headers['x-hub-signature-256']);
    const { id, status } = reportIn(body);
    const [{ agent_id: agentId }] = await all(UPDATE_STATUS, [status, id]);
    const payload = { sendStatusChanged: { status, send: { id }, agentId } };
    await app.graphql.pubsub.publish({ topic: 'statuses', payload });
    return '';
  });
});
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
