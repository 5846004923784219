import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TestApp } from '../kit/app';
import type { Caller } from '../kit/caller';
import { Desk } from '../kit/desk';
import { Listener } from '../kit/listener';
import { fieldsOf, operationOf, type Root } from '../kit/root-fields';

/** Who besides an admin may: an agent, a key with READ, a key with PUBLISH_FLOWS. */
const ALLOWED: Record<Root, Record<string, string>> = {
  Query: {
    agents: 'AGENT READ',
    apiKeys: '',
    auditLog: '',
    bot: 'AGENT READ PUBLISH_FLOWS',
    bots: 'AGENT READ PUBLISH_FLOWS',
    // A key may not send, which is what the check then says (rule 16).
    checkSend: 'AGENT READ',
    contact: 'AGENT READ',
    contacts: 'AGENT READ',
    deadLetters: '',
    eventCursor: 'AGENT READ PUBLISH_FLOWS',
    flow: 'AGENT READ PUBLISH_FLOWS',
    node: 'AGENT READ PUBLISH_FLOWS',
    nodes: 'AGENT READ PUBLISH_FLOWS',
    queues: 'AGENT READ',
    send: 'AGENT READ',
    sendStatistics: 'AGENT READ',
    sends: 'AGENT READ',
    settings: 'AGENT READ',
    templates: 'AGENT READ',
    ticket: 'AGENT READ',
    tickets: 'AGENT READ',
    viewer: 'AGENT READ PUBLISH_FLOWS',
  },
  Mutation: {
    acceptTicket: 'AGENT',
    cancelSend: 'AGENT',
    closeTicket: 'AGENT',
    connectWhatsAppChannel: '',
    createAgent: '',
    createApiKey: '',
    createBot: '',
    createQueue: '',
    deleteQueue: '',
    disableTemplates: '',
    discardDeadLetters: '',
    disconnectWhatsAppChannel: '',
    enableTemplates: '',
    eraseContact: '',
    markTicketRead: 'AGENT',
    publishFlow: 'PUBLISH_FLOWS',
    releaseHeldSends: '',
    releaseReply: 'AGENT',
    retryDeadLetters: '',
    retrySend: 'AGENT',
    revokeApiKey: '',
    sendActiveMessage: 'AGENT',
    sendTicketMessage: 'AGENT',
    setAdvancedSetting: '',
    setContactOptOut: 'AGENT',
    setPermissions: '',
    setPresence: 'AGENT',
    syncTemplates: '',
    transferTicket: 'AGENT',
    updateAgent: '',
    updateBot: '',
    updateQueue: '',
    updateReturnFlow: '',
    updateSettings: '',
    updateWhatsAppChannel: '',
    upsertContact: '',
  },
  Subscription: {
    channelHealthChanged: 'READ',
    flowOutdated: 'READ',
    presenceChanged: 'AGENT READ',
    replyRouted: 'AGENT READ',
    sendConfirmed: 'AGENT READ',
    sendStatusChanged: 'AGENT READ',
    ticketChanged: 'AGENT READ',
    ticketMessageChanged: 'AGENT READ',
  },
};

let app: TestApp;
let desk: Desk;
let callers: Record<'ADMIN' | 'AGENT' | 'READ' | 'PUBLISH_FLOWS', Caller>;

beforeAll(async () => {
  app = await TestApp.start();
  desk = await Desk.open(app);
  const machine = async (scope: string): Promise<Caller> => {
    const { secret } = await desk.admin.act('createApiKey', { name: scope, scopes: [scope] }, 'secret');
    return app.machine(secret as string);
  };
  callers = {
    ADMIN: desk.admin,
    AGENT: await desk.agent('Bia'),
    READ: await machine('READ'),
    PUBLISH_FLOWS: await machine('PUBLISH_FLOWS'),
  };
});
afterAll(() => app.stop());

async function isForbidden(caller: Caller, root: Root, field: string): Promise<boolean> {
  const [document, variables] = operationOf(root, field);
  if (root !== 'Subscription') {
    const { errors, data } = await caller.request(document, variables);
    const codes = (errors ?? []).map(({ extensions }) => extensions?.code);
    if (codes.length > 0) expect([field, codes, data?.[field] ?? null]).toEqual([field, ['FORBIDDEN'], null]);
    return codes.length > 0;
  }
  const listener = await Listener.connect(app.url, caller.token);
  const id = listener.subscribe(document, variables);
  // What comes after it on the same socket shows that it was begun, or refused.
  listener.subscribe('{ viewer { __typename } }');
  await listener.until(() =>
    listener.frames.filter(({ type }) => type !== 'next').some(({ id: of }) => of === '2'),
  );
  await new Promise((resolve) => setTimeout(resolve, 30));
  const refusal = listener.frames.find((frame) => frame.id === id);
  await listener.close();
  if (refusal) expect(JSON.stringify(refusal)).toContain('"code":"FORBIDDEN"');
  return refusal !== undefined;
}

describe('who may what', () => {
  test('every field of the roots is in the table', () => {
    for (const root of ['Query', 'Mutation', 'Subscription'] as const) {
      expect(Object.keys(ALLOWED[root]).sort()).toEqual(fieldsOf(root).sort());
    }
  });

  test.each(
    (['Query', 'Mutation', 'Subscription'] as const).flatMap((root) =>
      Object.entries(ALLOWED[root]).map(([field, roles]) => [field, root, roles] as const),
    ),
  )('%s', async (field, root, roles) => {
    const may: string[] = [];
    for (const [role, caller] of Object.entries(callers)) {
      if (!(await isForbidden(caller, root, field))) may.push(role);
    }
    expect(may.join(' ')).toBe(`ADMIN ${roles}`.trim());
  });

  test('what only admins see within what others see', async () => {
    const document = `query ($bot: ID!) { bot(id: $bot) { sendingChannel { webhookUrl } } settings(botId: $bot) { advanced { key } } }`;
    for (const role of ['AGENT', 'READ'] as const) {
      const { data, errors } = await callers[role].request(document, { bot: desk.botId });
      expect(data.bot.sendingChannel.webhookUrl).toBeNull();
      expect(data.settings).toBeNull();
      expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['FORBIDDEN']);
    }
    const { bot } = await callers.ADMIN.ask(document, { bot: desk.botId });
    expect(bot.sendingChannel.webhookUrl).toContain(`/webhooks/whatsapp/${desk.channelId}`);
  });

  test('a key that publishes flows sees bots and flows, and of what hangs on them nothing more', async () => {
    const document = `query ($bot: ID!) { viewer { apiKey { name createdBy { id } } } bot(id: $bot) { name sendingChannel { id } whatsAppChannel { id } flow { version blocks { title } publishedBy { id } } } }`;
    const { data, errors } = await callers.PUBLISH_FLOWS.request(document, { bot: desk.botId });
    expect(errors ?? []).toEqual([]);
    expect(data).toMatchObject({
      viewer: { apiKey: { name: 'PUBLISH_FLOWS', createdBy: null } },
      bot: { sendingChannel: null, whatsAppChannel: null, flow: { version: 1, publishedBy: null } },
    });
    for (const field of ['settings { enabled }', 'readiness { ready }']) {
      const refused = await callers.PUBLISH_FLOWS.request(
        `query ($bot: ID!) { bot(id: $bot) { ${field} } }`,
        {
          bot: desk.botId,
        },
      );
      expect([field, refused.errors?.map(({ extensions }) => extensions?.code)]).toEqual([
        field,
        ['FORBIDDEN'],
      ]);
    }
  });

  test("an agent hears of nobody else's sends and replies", async () => {
    for (const field of ['replyRouted', 'sendConfirmed']) {
      const document = `subscription ($agents: [ID!]) { ${field}(agentIds: $agents) { cursor } }`;
      const listener = await callers.AGENT.listen(document, { agents: [desk.admin.id] });
      await expect(listener.next()).rejects.toThrow(/FORBIDDEN/);
      await listener.close();
    }
  });
});
