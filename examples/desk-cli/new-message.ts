import { randomUUID } from 'node:crypto';
import type { Api } from './api';
import { chooseRecipient } from './choose-recipient';
import { chooseTemplate } from './choose-template';
import { fillBlanks, showPreview } from './fill-blanks';
import {
  SendActiveMessageDocument,
  type DeskSendFragment,
  type RefusalFragment,
  type SendActiveMessageInput,
} from './operations.generated';
import { blankOf, describe, fieldOf } from './refusals';
import { Canceled, type Terminal } from './terminal';

type Message = Omit<SendActiveMessageInput, 'idempotencyKey'>;

async function decided(terminal: Terminal): Promise<void> {
  for (;;) {
    const answer = (await terminal.ask('Send it? yes or no')).toLowerCase();
    if (['y', 'yes'].includes(answer)) return;
    if (['n', 'no'].includes(answer)) throw new Canceled();
  }
}

// What the person can put right; everything else needs somebody else, or another time.
const isRecipient = (refusal: RefusalFragment): boolean => fieldOf(refusal)[0] === 'recipient';
const isParameter = (refusal: RefusalFragment): boolean => fieldOf(refusal)[0] === 'parameters';

/** The wizard: template, recipient, blanks, and the send itself. @throws Canceled, InputEnded */
export async function writeMessage(api: Api, terminal: Terminal): Promise<DeskSendFragment> {
  const choice = await chooseTemplate(api, terminal);
  const { template, bot } = choice;
  showPreview(terminal, template.preview);
  const recipient = await chooseRecipient(api, terminal, choice);
  let message: Message = { botId: bot.id, templateId: template.id, recipient };
  message = { ...message, parameters: await fillBlanks(api, terminal, choice, message) };
  for (;;) {
    await decided(terminal);
    // One key for one decision: however often the request must be repeated, the customer gets one message.
    const idempotencyKey = randomUUID();
    const { sendActiveMessage } = await api.run(SendActiveMessageDocument, {
      input: { ...message, idempotencyKey },
    });
    if (sendActiveMessage?.send) return sendActiveMessage.send;
    message = await putRight(sendActiveMessage?.userErrors ?? [], message);
  }

  /** Shows what was refused, and asks for that again. */
  async function putRight(refusals: readonly RefusalFragment[], refused: Message): Promise<Message> {
    const keys = (refused.parameters ?? []).map(({ key }) => key);
    refusals.forEach((refusal) => terminal.print(describe(refusal)));
    if (!refusals.every((refusal) => isRecipient(refusal) || isParameter(refusal))) throw new Canceled();
    let again = refused;
    if (refusals.some(isRecipient))
      again = { ...again, recipient: await chooseRecipient(api, terminal, choice) };
    if (refusals.some(isParameter)) {
      const blanks = refusals.filter(isParameter).map((refusal) => keys[blankOf(refusal) ?? -1]);
      const named = blanks.filter((key) => key !== undefined);
      // A missing value has no place among those given, so all are asked for again.
      const only = named.length === blanks.length ? new Set(named) : null;
      again = { ...again, parameters: await fillBlanks(api, terminal, choice, again, only) };
    }
    return again;
  }
}
