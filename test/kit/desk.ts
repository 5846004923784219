import type { TestApp } from './app';
import type { Caller } from './caller';
import { APP_SECRET, Customer, VERIFY_TOKEN, type WebhookDoor } from './customer';
import { eventually } from './eventually';
import { PROVIDER_TOKEN } from './provider-double';
import { LISTED_TEMPLATES } from './templates';

export const SERVICE_BLOCK = 'desk:11111111-1111-4111-8111-111111111111';
export const OTHER_SERVICE_BLOCK = 'desk:22222222-2222-4222-8222-222222222222';
export const ORDINARY_BLOCK = '33333333-3333-4333-8333-333333333333';

/** A flow with these blocks, as the builder exports it. */
export function flowOf(...blockIds: string[]): Record<string, unknown> {
  return Object.fromEntries(
    ['onboarding', ...blockIds].map((id) => [
      id,
      {
        id,
        root: id === 'onboarding',
        $title: `Block ${id.slice(0, 8)}`,
        $contentActions: [],
        $conditionOutputs: [],
        $defaultOutput: { stateId: 'onboarding' },
      },
    ]),
  );
}

let numbers = 0;

/** A contract in which an agent could send this instant: every piece made through the API. */
export class Desk {
  private constructor(
    readonly app: TestApp,
    readonly contractId: string,
    readonly admin: Caller,
    readonly botId: string,
    readonly channelId: string,
    readonly phoneNumberId: string,
    readonly businessAccountId: string,
    /** Ids of the templates by name. */
    readonly templates: Record<string, string>,
  ) {}

  /**
   * Sets a desk up: bot, number, flow, templates enabled with a return block, active messaging on; no agents yet.
   * @param options `beside` another desk, in the same contract.
   */
  static async open(
    app: TestApp,
    options: { templates?: object[]; enable?: boolean; beside?: Desk } = {},
  ): Promise<Desk> {
    const number = String((numbers += 1)).padStart(6, '0');
    const { beside } = options;
    const { id, admin } = beside
      ? { id: beside.contractId, admin: beside.admin }
      : await app.contract(`desk${number}`);
    const { bot } = await admin.act(
      'createBot',
      { name: 'Orders', identity: `orders${number}@msging.net`, kind: 'BUILDER' },
      'bot { id }',
    );
    const phoneNumberId = `10000${number}`;
    const businessAccountId = `20000${number}`;
    const { channel } = await admin.act(
      'connectWhatsAppChannel',
      {
        botId: bot.id,
        phoneNumber: `+55113${number}0`,
        cloudApi: {
          phoneNumberId,
          businessAccountId,
          accessToken: PROVIDER_TOKEN,
          appSecret: APP_SECRET,
          verifyToken: VERIFY_TOKEN,
        },
      },
      'channel { id }',
    );
    const listed = options.templates ?? LISTED_TEMPLATES;
    app.provider.templates(businessAccountId, listed);
    await admin.act(
      'publishFlow',
      { botId: bot.id, definition: flowOf(SERVICE_BLOCK, OTHER_SERVICE_BLOCK, ORDINARY_BLOCK) },
      'flow { id }',
    );
    await admin.act('syncTemplates', { botId: bot.id }, 'added');
    const { templates } = await admin.ask(
      'query ($bot: [ID!]) { templates(filter: { botIds: $bot }, first: 100) { nodes { id name } } }',
      { bot: [bot.id] },
    );
    const byName = Object.fromEntries(
      templates.nodes.map((node: { name: string; id: string }) => [node.name, node.id]),
    ) as Record<string, string>;
    const desk = new Desk(
      app,
      id,
      admin,
      bot.id as string,
      channel.id as string,
      phoneNumberId,
      businessAccountId,
      byName,
    );
    if (options.enable !== false) {
      await admin.act(
        'enableTemplates',
        { botId: bot.id, templateIds: Object.values(byName), returnBlockId: SERVICE_BLOCK },
        'activations { id }',
      );
      await admin.act('updateSettings', { botId: bot.id, enabled: true }, 'settings { enabled }');
      await admin.act('setPresence', { presence: 'ONLINE' }, 'agent { id }');
    }
    return desk;
  }

  get door(): WebhookDoor {
    return this;
  }

  /** An agent who is online and may send on the bot, unless told otherwise. */
  async agent(
    name: string,
    options: { granted?: boolean; presence?: string | null; slots?: number } = {},
  ): Promise<Caller> {
    const email = `${name.toLowerCase()}@${this.contractId}.test`.replace('_', '-');
    const { agent } = await this.admin.act(
      'createAgent',
      { name, email, role: 'AGENT', slots: options.slots ?? 5 },
      'agent { id }',
    );
    if (options.granted !== false) await this.grant(agent.id as string);
    const caller = await this.app.person(this.contractId, email, agent.id as string);
    const presence = options.presence === undefined ? 'ONLINE' : options.presence;
    if (presence !== null) await caller.act('setPresence', { presence }, 'agent { id }');
    return caller;
  }

  async grant(agentId: string, granted = true): Promise<void> {
    await this.admin.act(
      'setPermissions',
      { botId: this.botId, agentIds: [agentId], permission: 'SEND_ACTIVE_MESSAGES', granted },
      'agents { id }',
    );
  }

  async turnOnDirectTransfer(on = true): Promise<void> {
    await this.admin.act(
      'updateSettings',
      { botId: this.botId, directTransferEnabled: on },
      'settings { directTransferEnabled }',
    );
  }

  customer(waId: string): Customer {
    return new Customer(this, waId);
  }

  /** What `sendActiveMessage` takes for the template `order_update`. */
  orderUpdate(phone: string, idempotencyKey: string = crypto.randomUUID()): Record<string, unknown> {
    return {
      botId: this.botId,
      templateId: this.templates['order_update'],
      recipient: { phone },
      parameters: [
        { key: 'body.1', value: 'Carla' },
        { key: 'body.2', value: '42' },
      ],
      idempotencyKey,
    };
  }

  /** Sends to this number as `sender`, and waits until WhatsApp took it. */
  async accepted(
    sender: Caller,
    phone: string,
  ): Promise<{ id: string; providerMessageId: string; contactId: string }> {
    const { send } = await sender.act(
      'sendActiveMessage',
      this.orderUpdate(phone),
      'send { id contact { id } }',
    );
    const accepted = await this.sendWhen(sender, send.id as string, ({ status }) => status === 'ACCEPTED');
    return {
      id: send.id as string,
      providerMessageId: accepted.providerMessageId as string,
      contactId: send.contact?.id as string,
    };
  }

  /** The send once it is as waited for. */
  async sendWhen(
    caller: Caller,
    id: string,
    isIt: (send: { status: string; replyState: string; outcomeUnknown: boolean }) => boolean,
  ) {
    const fields =
      'id status replyState outcomeUnknown attempts providerMessageId retryable acceptedAt sentAt deliveredAt readAt failedAt repliedAt replyExpiresAt failure { code message providerCode } ticket { id } timeline { kind status count }';
    return eventually(
      async () =>
        (await caller.ask(`query ($id: ID!) { send(id: $id) { ${fields} } }`, { id })).send as Record<
          string,
          unknown
        > & { status: string; replyState: string; outcomeUnknown: boolean },
      (send) => isIt(send),
    );
  }
}
