// graphql-yoga over node:http, with one DataLoader for each kind of object and operation.
import { createServer } from 'node:http';
import DataLoader from 'dataloader';
import { createSchema, createYoga } from 'graphql-yoga';
import {
  byIds,
  connect,
  insertion,
  instant,
  IS_ENABLED,
  MAY_SEND,
  OBJECTS,
  rowsFor,
  SCHEMA,
  sendOf,
  sendsOf,
} from './rows.mjs';

const write = connect();
let latest = Promise.resolve();

/** One transaction after the other: a connection has no more than one. */
function transact(work) {
  const mine = latest.then(async () => {
    await write('begin immediate');
    try {
      const result = await work();
      await write('commit');
      return result;
    } catch (error) {
      await write('rollback');
      throw error;
    }
  });
  latest = mine.catch(() => undefined);
  return mine;
}

const sendActiveMessage = (_root, { input }) =>
  transact(async () => {
    const refused = (code) => ({ send: null, userErrors: [{ code }] });
    if (!(await write(MAY_SEND, [process.env.AGENT_ID, input.botId])).length)
      return refused('PERMISSION_MISSING');
    if (!(await write(IS_ENABLED, [input.botId, input.templateId])).length)
      return refused('TEMPLATE_NOT_ENABLED');
    const { contact, send } = rowsFor(input);
    await write(...insertion('contacts', contact));
    await write(...insertion('sends', send));
    return { send, userErrors: [] };
  });

const loaders = () =>
  Object.fromEntries(
    Object.entries(OBJECTS).map(([name, [table, columns]]) => [
      name,
      new DataLoader((ids) => byIds(table, columns, ids)),
    ]),
  );
const objects = Object.fromEntries(
  Object.keys(OBJECTS).map((name) => [
    name,
    (send, _given, context) => context.loaders[name].load(send[`${name}_id`]),
  ]),
);
const resolvers = {
  Query: {
    send: (_root, { id }) => sendOf(id),
    sends: async (_root, { first }) => ({ nodes: await sendsOf(first) }),
  },
  Mutation: { sendActiveMessage },
  Send: { createdAt: ({ created_at }) => instant(created_at), ...objects },
};

const yoga = createYoga({
  schema: createSchema({ typeDefs: SCHEMA, resolvers }),
  context: () => ({ loaders: loaders() }),
  logging: false,
  graphiql: false,
});
createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1');
