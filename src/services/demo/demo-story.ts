import { MARKETING_STOPPED } from '../../channels/cloud-api/errors';
import { DAY, MINUTE, SECOND } from '../../clock';
import type { ContactRow } from '../../entities/contact';
import { OptOutScope, Presence, ReplyState, SendStatus } from '../../entities/enums';
import type { SendRow } from '../../entities/send';
import { updateAgent } from '../agents/agent-changes';
import { setPresence } from '../agents/presence';
import { setContactOptOut, upsertContact } from '../contacts/contact-acts';
import { noteMarketingOptOut } from '../deliveries/deliveries';
import { publishFlow } from '../flows/flows';
import { recordSendChange } from '../sends/send-changes';
import { expireSends } from '../sends/send-expiry';
import { DemoConversations, type Scene } from './demo-conversations';
import { DEMO_CUSTOMERS, STOPPED_MARKETING } from './demo-customers';
import { granted, mirrorCatalogue, type DemoDesk } from './demo-desk';
import { SECOND_FLOW } from './demo-flow';
import { DEMO_PEOPLE, type DemoName } from './demo-people';
import { givePhones } from './demo-phones';
import { contactNamed, present, visits, type Contacts } from './demo-scenes';
import { storeSends } from './demo-sends';
import { SeededRandom } from './seeded-random';
import { AGO, planSends, type PlannedSend } from './send-plan';

const SEED = 20_240;

async function addCustomers(desk: DemoDesk): Promise<Contacts> {
  const contacts = new Map<string, ContactRow>();
  for (const { phone, name, email } of DEMO_CUSTOMERS) {
    const { contact } = await granted(
      upsertContact(desk.as('Ana Ribeiro'), { botId: desk.bot.id, phone, name, email }),
    );
    contacts.set(phone, contact);
  }
  return contacts;
}

/** Sets where people are. @param people all of them who are active then. */
async function setPresences(
  desk: DemoDesk,
  people: readonly { name: DemoName; presence: Presence }[],
): Promise<void> {
  for (const { name, presence } of people) {
    await granted(setPresence(desk.as('Ana Ribeiro'), { agentId: desk.agent(name).id, presence }));
  }
}

/** What changed at the desk in these two weeks, beside sends and conversations. */
function changesOfDesk(desk: DemoDesk, contacts: Contacts, now: number): Scene[] {
  const { transaction, channel, bot } = desk;
  const admin = desk.as('Ana Ribeiro');
  const optOut = (name: string, scope: OptOutScope, ago: number): Scene => ({
    at: now - ago,
    act: () => {
      const contactId = contactNamed(contacts, name).id;
      return granted(setContactOptOut(admin, { contactId, scope, optedOut: true }));
    },
  });
  const gabriela = { agentId: desk.agent('Gabriela Moura').id, active: false };
  return [
    optOut('Zélia Campelo', OptOutScope.ALL, 9 * DAY),
    optOut('Ramón Esquivel', OptOutScope.MARKETING, 6 * DAY),
    { at: now - AGO.leaving, act: () => granted(updateAgent(admin, gabriela)) },
    {
      at: now - AGO.publication,
      act: () => granted(publishFlow(admin, { botId: bot.id, definition: SECOND_FLOW })),
    },
    { at: now - AGO.pause, act: () => mirrorCatalogue(transaction, channel) },
    {
      at: now - AGO.presences,
      act: () =>
        setPresences(
          desk,
          DEMO_PEOPLE.filter(({ active }) => active),
        ),
    },
  ];
}

/** The reply window of a send that is not answered closes. */
function expiry(
  { platform, contractId }: DemoDesk,
  { id, replyExpiresAt, replyState }: SendRow,
  now: number,
): Scene[] {
  if (replyExpiresAt === null || replyExpiresAt >= now || replyState !== ReplyState.AWAITING) return [];
  const act = () => expireSends(platform, contractId, [id]);
  return [{ at: replyExpiresAt + SECOND, act }];
}

/** A send's latest change, and the conversation that it led to. */
function scenesOf(
  desk: DemoDesk,
  conversations: DemoConversations,
  { planned, send }: { planned: PlannedSend; send: SendRow },
  contact: ContactRow,
  now: number,
): Scene[] {
  const { customer, reply, providerMessageId, facts } = planned;
  const scenes: Scene[] = [
    {
      at: send.updatedAt,
      act: () => {
        recordSendChange(desk.transaction, send, SendStatus.QUEUED);
        return Promise.resolve();
      },
    },
  ];
  const stopped =
    customer.name === STOPPED_MARKETING &&
    facts.find(({ providerCode }) => providerCode === MARKETING_STOPPED);
  if (stopped) {
    const act = () => noteMarketingOptOut(desk.transaction, contact.id, stopped.at);
    scenes.push({ at: stopped.receivedAt, act });
  }
  if (!reply) return [...scenes, ...expiry(desk, send, now)];
  const { at, answer, thanks, closedAt } = reply;
  const writing =
    reply.by === 'TEXT' ? {} : { quoted: providerMessageId, ...(reply.by === 'BUTTON' && { tapped: true }) };
  scenes.push({ at: at + SECOND, act: () => conversations.writes(customer, at, reply.text, writing) });
  if (answer !== null)
    scenes.push({ at: at + 4 * MINUTE, act: () => conversations.answers(contact, answer) });
  if (thanks !== null)
    scenes.push({ at: at + 9 * MINUTE, act: () => conversations.writes(customer, at + 9 * MINUTE, thanks) });
  scenes.push({ at: closedAt, act: () => conversations.closes(contact) });
  return scenes;
}

/** Tells the last two weeks, scene by scene, in the order of time. @param progress told how much of it is told. */
export async function tellStory(
  desk: DemoDesk,
  now: number,
  progress: (done: number, of: number) => void,
): Promise<void> {
  const { transaction } = desk;
  const random = new SeededRandom(SEED);
  await setPresences(
    desk,
    DEMO_PEOPLE.map(({ name }) => ({ name, presence: Presence.ONLINE })),
  );
  const contacts = await addCustomers(desk);
  const conversations = new DemoConversations(desk, random, now);
  const current = present(conversations, contacts, { now, random });
  const planned = [...planSends(now, random), ...current.sends];
  const sends = await storeSends(desk, planned, contacts, random);
  const scenes = [
    ...sends.flatMap((one) =>
      scenesOf(desk, conversations, one, contactNamed(contacts, one.planned.customer.name), now),
    ),
    ...visits(conversations, contacts, now),
    ...changesOfDesk(desk, contacts, now),
    ...current.scenes,
  ].sort((one, other) => one.at - other.at);
  for (const [index, { at, act }] of scenes.entries()) {
    transaction.retell(at);
    await act();
    progress(index + 1, scenes.length);
  }
  await givePhones(desk, conversations.quotes);
}
