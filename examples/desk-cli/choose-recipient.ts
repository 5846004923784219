import type { Api } from './api';
import { list, numbered } from './choose';
import { dim, red, yellow } from './colours';
import { customerName } from './customer-name';
import {
  CheckSendDocument,
  ContactsDocument,
  type ContactsQuery,
  type RecipientInput,
} from './operations.generated';
import { describe, fieldOf } from './refusals';
import { Canceled, type Terminal } from './terminal';
import type { Choice } from './choose-template';

type Contact = NonNullable<ContactsQuery['contacts']>['nodes'][number];

/** Nothing but what phone numbers are written with; without its country code, more of it than picks from a list. */
const looksLikePhone = (text: string): boolean => /^(\+[\d\s().-]+|[\d\s().-]{6,})$/.test(text);

async function ask(api: Api, terminal: Terminal, botId: string): Promise<RecipientInput> {
  for (let found: Contact[] = []; ;) {
    const answer = await terminal.ask(
      'To whom? A phone number with its country code, a contact to search, or the number of one that was found.',
    );
    const contact = numbered(found, answer);
    if (contact) return { contactId: contact.id };
    if (looksLikePhone(answer)) {
      const name = await terminal.ask('What is the customer called? Enter leaves it open.');
      return { phone: answer, name: name === '' ? null : name };
    }
    const { contacts } = await api.run(ContactsDocument, { botId, search: answer });
    found = contacts?.nodes ?? [];
    if (found.length === 0) terminal.print(yellow('No contact is found by that.'));
    list(terminal, found, (one) => `${customerName(one)} ${dim(one.phone ?? '')}`);
  }
}

/** Second step: to whom, checked before anybody fills in blanks in vain. @throws Canceled where nobody may be written to. */
export async function chooseRecipient(
  api: Api,
  terminal: Terminal,
  { template, bot }: Choice,
): Promise<RecipientInput> {
  for (;;) {
    const recipient = await ask(api, terminal, bot.id);
    const { checkSend } = await api.run(CheckSendDocument, {
      input: { botId: bot.id, templateId: template.id, recipient },
    });
    // The blanks come next: they are all empty yet.
    const refusals = (checkSend?.userErrors ?? []).filter((refusal) => fieldOf(refusal)[0] !== 'parameters');
    if (refusals.length === 0) return recipient;
    refusals.forEach((refusal) => terminal.print(describe(refusal)));
    if (refusals.some((refusal) => fieldOf(refusal)[0] !== 'recipient')) {
      terminal.print(red('Nothing can be sent like this.'));
      throw new Canceled();
    }
  }
}
