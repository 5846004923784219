import agents from './choices/agents.graphql';
import bots from './choices/bot.graphql';
import check from './choices/check.graphql';
import contacts from './choices/contacts.graphql';
import eventCursor from './choices/event-cursor.graphql';
import templates from './choices/templates.graphql';
import tickets from './choices/tickets.graphql';
import { NothingToChoose, type Ask, type Opening } from './ready-operation';

interface Page<Node> {
  nodes: Node[];
}

interface Bot {
  id: string;
  kind: 'BUILDER' | 'ROUTER' | 'SDK';
  whatsAppChannel: object | null;
  sendingChannel: object | null;
  settings: {
    enabled: boolean;
    directTransferEnabled: boolean;
    contactSearch: { fields: string[]; location: string };
  };
  sendEligibility: { allowed: boolean };
  flow: {
    blocks: { blockId: string; title: string; kind: 'SERVICE' | 'OTHER' }[];
    outdatedActivations: object[];
  } | null;
}

interface Template {
  id: string;
  activation: { enabled: boolean; sendable: boolean } | null;
  parameters: { key: string; type: string; required: boolean; example: string | null }[];
}

interface Contact {
  id: string;
  name: string | null;
  optedOutAt: string | null;
  marketingOptedOutAt: string | null;
  openTicket: object | null;
  awaitingReplyTo: object | null;
}

/** The first that fits; conditions that come first count more. */
function best<Item>(items: readonly Item[], ...conditions: ((item: Item) => boolean)[]): Item | undefined {
  const worth = (item: Item): number =>
    conditions.reduce((sum, condition) => sum * 2 + (condition(item) ? 1 : 0), 0);
  return items.reduce<Item | undefined>(
    (found, item) => (found === undefined || worth(item) > worth(found) ? item : found),
    undefined,
  );
}

async function allBots(ask: Ask): Promise<Bot[]> {
  return (await ask<{ bots: Page<Bot> }>(bots)).bots.nodes;
}

/** The bot to try things on: one that sends, where there is one. */
export async function chooseBot(
  ask: Ask,
  preferred: (bot: Bot) => boolean = (bot) => bot.sendEligibility.allowed,
): Promise<Bot> {
  const bot = best(
    await allBots(ask),
    (one) => one.kind === 'BUILDER',
    preferred,
    (one) => one.sendingChannel !== null,
  );
  if (!bot) throw new NothingToChoose('There is no bot yet: an admin runs "Make a bot known" first.');
  return bot;
}

/** A bot that nothing is connected to. */
export async function chooseBotWithoutNumber(ask: Ask): Promise<Bot> {
  const bot = (await allBots(ask)).findLast((one) => !one.whatsAppChannel && !one.sendingChannel);
  if (!bot) throw new NothingToChoose('Every bot has a number: run "Make a bot known" first.');
  return bot;
}

/** A service block of the bot's flow, for replies to return to. */
export function returnBlockOf({ flow }: Bot): string {
  const block = flow?.blocks.find(({ kind }) => kind === 'SERVICE');
  if (!block) throw new NothingToChoose('The bot has no service block: run "Publish a flow" first.');
  return block.blockId;
}

async function approvedTemplates(ask: Ask, botId: string): Promise<Template[]> {
  return (await ask<{ templates: Page<Template> }>(templates, { botId })).templates.nodes;
}

/** An approved template, one that is not enabled yet where there is one. */
export async function chooseTemplateToEnable(ask: Ask, botId: string): Promise<Template> {
  const template = best(await approvedTemplates(ask, botId), (one) => one.activation?.enabled !== true);
  if (!template)
    throw new NothingToChoose("The bot's number has no approved template: connect a sandbox number first.");
  return template;
}

interface Message {
  botId: string;
  templateId: string;
  recipient: { contactId: string };
  parameters: { key: string; value: string }[];
}

const MOST_TRIED = 10;

const obstaclesTo = ({ optedOutAt, marketingOptedOutAt, openTicket, awaitingReplyTo }: Contact): number =>
  [optedOutAt, marketingOptedOutAt, openTicket, awaitingReplyTo].filter((obstacle) => obstacle !== null)
    .length;

/** What to fill a blank in with: the contact's own first name where it asks for one, else the template's example. */
function valueOf({ key, example }: Template['parameters'][number], { name }: Contact): string {
  const firstName = key === 'body.customer_name' ? name?.split(' ')[0] : undefined;
  return firstName ?? example ?? 'Maria';
}

/** Everything of a message that can be sent at once: bot, template with its blanks filled in, and contact. */
export async function chooseMessage(ask: Ask): Promise<Message> {
  const bot = await chooseBot(ask);
  const sendable = (await approvedTemplates(ask, bot.id)).filter((one) => one.activation?.sendable);
  const template = best(
    sendable,
    ({ parameters }) => parameters.every(({ type, required }) => type === 'TEXT' || !required),
    ({ parameters }) => parameters.some(({ required }) => required),
  );
  if (!template)
    throw new NothingToChoose('No template can be sent: an admin runs "Enable a template" first.');
  const found = await ask<{ contacts: Page<Contact> }>(contacts, { botId: bot.id });
  const candidates = [...found.contacts.nodes].sort((left, right) => obstaclesTo(left) - obstaclesTo(right));
  const messages = candidates.slice(0, MOST_TRIED).map((contact) => ({
    botId: bot.id,
    templateId: template.id,
    recipient: { contactId: contact.id },
    parameters: template.parameters
      .filter(({ required }) => required)
      .map((blank) => ({ key: blank.key, value: valueOf(blank, contact) })),
  }));
  // Only the API knows everything that may stand against it, such as a ticket that the caller cannot see.
  for (const message of messages) {
    const { checkSend } = await ask<{ checkSend: { ok: boolean } }>(check, { input: message });
    if (checkSend.ok) return message;
  }
  // None: then what is said of the first is what there is to learn.
  const [message] = messages;
  if (!message)
    throw new NothingToChoose(
      'There is no contact: put `{ "phone": "+55 11 91234-5678" }` as the recipient.',
    );
  return message;
}

/** An agent that does not have the permission yet, where there is one. */
export async function chooseAgent(ask: Ask, botId: string): Promise<string> {
  const found = await ask<{ agents: Page<{ id: string; active: boolean; permissions: object[] }> }>(agents, {
    botId,
  });
  const agent = best(
    found.agents.nodes,
    ({ active }) => active,
    ({ permissions }) => permissions.length === 0,
  );
  if (!agent) throw new NothingToChoose('The contract has no people.');
  return agent.id;
}

interface Tickets {
  tickets: Page<{
    id: string;
    serviceWindowClosesAt: string | null;
    agent: { id: string } | null;
    reservedFor: { id: string } | null;
  }>;
  viewer: { agent: { id: string } | null };
}

/** An ongoing ticket of the caller, one that may be written in where there is one. */
export async function chooseOngoingTicket(ask: Ask): Promise<string> {
  const found = await ask<Tickets>(tickets, { statuses: ['OPEN'] });
  const now = new Date().toISOString();
  const ticket = best(
    found.tickets.nodes.filter(({ agent }) => agent !== null && agent.id === found.viewer.agent?.id),
    (one) => (one.serviceWindowClosesAt ?? '') > now,
  );
  if (!ticket)
    throw new NothingToChoose(
      'You have no ongoing ticket: send an active message, answer it as the customer in the sandbox, and if the ticket waits, run "Take a waiting ticket".',
    );
  return ticket.id;
}

/** A ticket that waits for the caller, or for anybody. */
export async function chooseWaitingTicket(ask: Ask): Promise<string> {
  const found = await ask<Tickets>(tickets, { statuses: ['WAITING'] });
  const me = found.viewer.agent?.id;
  const ticket = best(
    found.tickets.nodes.filter(({ reservedFor }) => reservedFor === null || reservedFor.id === me),
    ({ reservedFor }) => reservedFor !== null,
  );
  if (!ticket)
    throw new NothingToChoose(
      'No ticket waits for you: write to the desk as a customer in the sandbox, or look at "My tickets".',
    );
  return ticket.id;
}

/** Where to resume: behind what this page saw last, else from here on. */
export async function chooseCursor({ ask, lastCursor }: Opening): Promise<string> {
  return lastCursor ?? (await ask<{ eventCursor: string }>(eventCursor)).eventCursor;
}
