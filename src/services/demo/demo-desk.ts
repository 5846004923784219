import sql from 'sql-template-tag';
import { templateIn } from '../../channels/cloud-api/templates-list';
import type { Transaction } from '../../database/transaction';
import { AgentRow } from '../../entities/agent';
import type { BotRow } from '../../entities/bot';
import { BotKind, Permission, QueueRuleProperty, QueueRuleRelation } from '../../entities/enums';
import { QueueRow } from '../../entities/queue';
import { TemplateRow } from '../../entities/template';
import { WhatsAppChannelRow } from '../../entities/whatsapp-channel';
import { createContract } from '../access/contracts';
import { createAgent } from '../agents/agent-changes';
import { setPermissions } from '../agents/permissions';
import { ServiceContext, type Platform } from '../context';
import { createBot } from '../desk/bots';
import { connectWhatsAppChannel } from '../desk/channel-connections';
import { updateSettings } from '../desk/settings';
import { publishFlow } from '../flows/flows';
import type { Outcome } from '../outcome';
import { TEMPLATE_CATALOGUE } from '../sandbox/template-catalogue';
import { enableTemplates } from '../templates/activations';
import { mirrorTemplates, templateKey } from '../templates/template-mirror';
import { createQueue, updateQueue } from '../tickets/queues';
import { FIRST_FLOW, SERVICE_BLOCKS } from './demo-flow';
import { DEMO_PEOPLE, type DemoName } from './demo-people';

/** Where answers to a template return; templates that are not named here are not enabled. */
const RETURN_BLOCKS: Readonly<Record<string, string>> = {
  continue_conversation: SERVICE_BLOCKS.orders,
  order_ready: SERVICE_BLOCKS.orders,
  delivery_on_the_way: SERVICE_BLOCKS.orders,
  new_collection: SERVICE_BLOCKS.orders,
  birthday_coupon: SERVICE_BLOCKS.orders,
  eye_exam_confirmation: SERVICE_BLOCKS.exams,
  eye_exam_directions: SERVICE_BLOCKS.exams,
  eye_exam_follow_up: SERVICE_BLOCKS.exams,
  invoice_available: SERVICE_BLOCKS.billing,
  installment_reminder: SERVICE_BLOCKS.billing,
  satisfaction_survey: SERVICE_BLOCKS.survey,
};

/** Of a range that is given to nobody. */
const NUMBER = '+5511900000100';

/** WhatsApp pauses this one later: until then it is a template like others. */
export const PAUSED_LATER = 'installment_reminder';

/** The desk as it was set up, by the services that admins use. */
export interface DemoDesk {
  readonly platform: Platform;
  readonly transaction: Transaction;
  readonly contractId: string;
  readonly bot: BotRow;
  readonly channel: WhatsAppChannelRow;
  /** By name and language, as `templateKey` has it. */
  readonly templates: ReadonlyMap<string, TemplateRow>;
  agent(name: DemoName): AgentRow;
  as(name: DemoName): ServiceContext;
  /** The block that answers to a template return to. */
  returnBlockOf(template: TemplateRow): string;
}

/** What a service made. @throws Error where a rule refuses it: then the demo and the rules do not fit together. */
export async function granted<Made extends object>(
  outcome: Promise<Outcome<Made>>,
): Promise<Required<Outcome<Made>>> {
  const made = await outcome;
  const [refusal] = made.userErrors;
  if (refusal) throw new Error(`The demo contract cannot be made: ${refusal.code}: ${refusal.message}`);
  return made as Required<Outcome<Made>>;
}

/** The number of the demo, connected to the sandbox; its templates count as fetched just now. */
async function connectSandbox(
  admin: ServiceContext,
  transaction: Transaction,
  router: BotRow,
): Promise<WhatsAppChannelRow> {
  const input = { botId: router.id, phoneNumber: NUMBER, sandbox: true };
  const { channel } = await granted(connectWhatsAppChannel(admin, input));
  const now = admin.platform.clock.now();
  const synced = { syncLastAttemptAt: now, syncLastSuccessAt: now };
  await transaction.change(WhatsAppChannelRow, synced, sql`id = ${channel.id}`);
  return channel;
}

/** Makes the number's templates what the catalogue lists, as a sync would. */
export async function mirrorCatalogue(
  transaction: Transaction,
  channel: WhatsAppChannelRow,
  options: { beforePause?: boolean } = {},
): Promise<ReadonlyMap<string, TemplateRow>> {
  const listed = TEMPLATE_CATALOGUE.map((template) =>
    options.beforePause && template.name === PAUSED_LATER ? { ...template, status: 'APPROVED' } : template,
  ).flatMap(templateIn);
  const byKey = new Map(listed.map((template) => [templateKey(template), template]));
  await mirrorTemplates(transaction, channel, byKey, transaction.now);
  const rows = await transaction.find(TemplateRow, { where: sql`channel_id = ${channel.id}` });
  return new Map(rows.map((row) => [templateKey(row), row]));
}

async function addAgents(admin: ServiceContext, first: AgentRow): Promise<Map<string, AgentRow>> {
  const agents = new Map([[first.name, first]]);
  for (const { name, email, role, slots } of DEMO_PEOPLE.slice(1)) {
    const { agent } = await granted(createAgent(admin, { name, email, role, slots }));
    agents.set(name, agent);
  }
  return agents;
}

async function addQueues(
  admin: ServiceContext,
  transaction: Transaction,
  bot: BotRow,
  idsOf: (...names: DemoName[]) => string[],
): Promise<void> {
  const about = (...values: string[]) => [
    { property: QueueRuleProperty.MESSAGE, relation: QueueRuleRelation.CONTAINS, values },
  ];
  const queues = [
    {
      name: 'Eye exams',
      rules: about('exame', 'examen', 'exam', 'consulta'),
      agentIds: idsOf('Fábio Lins', 'Emma Novak'),
    },
    {
      name: 'Billing',
      rules: about('nota', 'boleto', 'factura', 'invoice', 'pagamento'),
      agentIds: idsOf('Camila Duarte', 'Diego Salas'),
    },
  ];
  for (const queue of queues) await granted(createQueue(admin, { botId: bot.id, ...queue }));
  const standard = await transaction.first(QueueRow, sql`bot_id = ${bot.id} and is_default = 1`);
  const everybody = { queueId: standard?.id ?? '', agentIds: idsOf('Diego Salas', 'Emma Novak') };
  await granted(updateQueue(admin, everybody));
}

async function enableAll(
  admin: ServiceContext,
  bot: BotRow,
  templates: ReadonlyMap<string, TemplateRow>,
): Promise<void> {
  for (const returnBlockId of Object.values(SERVICE_BLOCKS)) {
    const templateIds = [...templates.values()]
      .filter(({ name }) => RETURN_BLOCKS[name] === returnBlockId)
      .map(({ id }) => id);
    await granted(enableTemplates(admin, { botId: bot.id, templateIds, returnBlockId }));
  }
}

/** Sets the desk up as an admin would: bots, number, flow, templates, people, permissions, queues. */
export async function setUpDesk(
  platform: Platform,
  transaction: Transaction,
  contractId: string,
): Promise<DemoDesk> {
  const [{ name: adminName, email: adminEmail }] = DEMO_PEOPLE;
  const { admin: first } = await createContract(
    platform,
    { name: 'Lumiveja (demo)', adminName, adminEmail },
    { id: contractId, demo: true },
  );
  const admin = new ServiceContext(platform, { contractId, agent: first, apiKey: null });
  const addBot = (name: string, identity: string, kind: BotKind) =>
    granted(createBot(admin, { name, identity: `${identity}@msging.net`, kind }));
  const { bot: router } = await addBot('Lumiveja on WhatsApp', 'lumiveja', BotKind.ROUTER);
  const { bot } = await addBot('Optician', 'lumiveja-optician', BotKind.BUILDER);
  const { bot: coded } = await addBot('Lens calculator', 'lumiveja-lenses', BotKind.SDK);
  const channel = await connectSandbox(admin, transaction, router);
  const routed = { routerIdentity: router.identity };
  await granted(updateSettings(admin, { botId: coded.id, ...routed }));
  await granted(
    updateSettings(admin, { botId: bot.id, ...routed, enabled: true, directTransferEnabled: true }),
  );
  await granted(publishFlow(admin, { botId: bot.id, definition: FIRST_FLOW }));
  const templates = await mirrorCatalogue(transaction, channel, { beforePause: true });
  await enableAll(admin, bot, templates);

  const agents = await addAgents(admin, first);
  const agent = (name: DemoName): AgentRow => {
    const found = agents.get(name);
    if (!found) throw new Error(`The demo has nobody called ${name}`);
    return found;
  };
  const idsOf = (...names: DemoName[]): string[] => names.map((name) => agent(name).id);
  const agentIds = DEMO_PEOPLE.filter((person) => person.granted).map(({ name }) => agent(name).id);
  const permission = Permission.SEND_ACTIVE_MESSAGES;
  await granted(setPermissions(admin, { botId: bot.id, agentIds, permission, granted: true }));
  await addQueues(admin, transaction, bot, idsOf);
  return {
    platform,
    transaction,
    contractId,
    bot,
    channel,
    templates,
    agent,
    as: (name) => new ServiceContext(platform, { contractId, agent: agent(name), apiKey: null }),
    returnBlockOf: ({ name }) => RETURN_BLOCKS[name] ?? SERVICE_BLOCKS.orders,
  };
}
