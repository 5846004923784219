import { preview } from '../../channels/template-content';
import { ContactRow } from '../../entities/contact';
import { DeliveryRow } from '../../entities/delivery';
import { DeliveryFactRow } from '../../entities/delivery-fact';
import { ReplyState } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { SendRow } from '../../entities/send';
import { derivedColumns } from '../deliveries/delivered-things';
import { factRow } from '../deliveries/deliveries';
import { deriveDelivery } from '../deliveries/delivery-facts';
import { replyStateOf } from '../sends/send-changes';
import { NEW_SEND } from '../sends/sends';
import type { DemoDesk } from './demo-desk';
import { parametersFor } from './demo-parameters';
import type { SeededRandom } from './seeded-random';
import type { PlannedSend } from './send-plan';

/** The rows of one send, as they were when the last was heard of it. */
interface SendRows {
  send: SendRow;
  delivery: DeliveryRow;
  facts: DeliveryFactRow[];
}

function rowsOf(desk: DemoDesk, planned: PlannedSend, contact: ContactRow, random: SeededRandom): SendRows {
  const template = desk.templates.get(planned.template);
  if (!template) throw new Error(`The catalogue has no template ${planned.template}`);
  const { replyWindow } = desk.platform.config;
  const state = deriveDelivery(planned.facts, replyWindow);
  if (state.mayBeCalled || state.outcomeUnknown) throw new Error('A send of the past must be settled');
  const id = newId('Send');
  const { contractId, channel } = desk;
  const delivery: DeliveryRow = {
    id,
    contractId,
    channelId: channel.id,
    contactId: contact.id,
    dueAt: null,
    leaseOwner: null,
    leaseUntil: null,
    unknownSince: null,
    heldSince: null,
    providerMessageId: state.providerMessageId,
    createdAt: planned.at,
    queuedAt: planned.at,
  };
  const parameters = parametersFor(planned.template, planned.customer, planned.agent, random);
  const updatedAt = Math.max(planned.at, ...planned.facts.map(({ receivedAt }) => receivedAt));
  const send: SendRow = {
    ...NEW_SEND,
    ...derivedColumns(state),
    id,
    contractId,
    botId: desk.bot.id,
    channelId: channel.id,
    agentId: desk.agent(planned.agent).id,
    templateId: template.id,
    contactId: contact.id,
    parameters,
    preview: preview(template.components, parameters),
    returnBlockId: desk.returnBlockOf(template),
    retryOfId: null,
    replyState: replyStateOf(ReplyState.AWAITING, state, updatedAt),
    createdAt: planned.at,
    updatedAt,
  };
  return { send, delivery, facts: planned.facts.map((fact) => factRow(delivery, fact)) };
}

/**
 * Stores the planned sends with all that is known of each: what they are follows from their facts, by the rules that
 * hold for every send. They are written together, since one by one they would take long.
 * @returns each with its row; its change is not in the log yet.
 */
export async function storeSends(
  desk: DemoDesk,
  planned: readonly PlannedSend[],
  contacts: ReadonlyMap<string, ContactRow>,
  random: SeededRandom,
): Promise<{ planned: PlannedSend; send: SendRow }[]> {
  const made = planned.map((one) => {
    const contact = contacts.get(one.customer.phone);
    if (!contact) throw new Error(`There is no contact ${one.customer.phone}`);
    return { planned: one, ...rowsOf(desk, one, contact, random) };
  });
  const { transaction } = desk;
  await transaction.insert(SendRow, ...made.map(({ send }) => send));
  await transaction.insert(DeliveryRow, ...made.map(({ delivery }) => delivery));
  await transaction.insert(DeliveryFactRow, ...made.flatMap(({ facts }) => facts));
  return made.map(({ planned: one, send }) => ({ planned: one, send }));
}
