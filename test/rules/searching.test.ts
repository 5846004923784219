import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sql from 'sql-template-tag';
import { TestApp } from '../kit/app';
import { Desk } from '../kit/desk';

interface Person {
  id: string;
  name: string;
  email: string | null;
  phone: string;
}

const NAMES = [
  'João da Silva',
  'JOANA D’ARC',
  'Zoë "Zed" O\'Neil',
  '100% Sem_Fim',
  'Łukasz \\ Nowak',
  '李小龙',
  'Ana 🦜 Papagaio',
  'अनिता शर्मा',
  'AND OR NOT',
  'Mia*',
];
const CONTACTS =
  'query ($bot: ID!, $search: String) { contacts(botId: $bot, search: $search, first: 100) { nodes { id } } }';
const SENDS = 'query ($search: String) { sends(filter: { search: $search }, first: 100) { nodes { id } } }';

let app: TestApp;
let desk: Desk;
const people: Person[] = [];

beforeAll(async () => {
  app = await TestApp.start();
  desk = await Desk.open(app);
  for (let index = 0; index < 40; index += 1) {
    const name = `${NAMES[index % NAMES.length] ?? ''}${index < NAMES.length ? '' : ` ${index}`}`;
    const email = index % 3 === 0 ? `Person.${index}+x@Desk-${index % 4}.test` : null;
    people.push(await entered({ name, email, phone: `+55119${String(60_000_000 + index * 7_919)}` }));
  }
});
afterAll(() => app.stop());

async function entered(person: Omit<Person, 'id'>): Promise<Person> {
  const { contact } = await desk.admin.act(
    'upsertContact',
    { botId: desk.botId, ...person },
    'contact { id }',
  );
  return { ...person, id: contact.id as string };
}

const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .normalize('NFC');

/** Whether a person is found by a text, told by nothing but their own name, e-mail and number. */
function isFoundBy(text: string, { name, email, phone }: Person): boolean {
  const wanted = text.trim();
  const digits = /^[+\d\s().-]+$/.test(wanted) ? wanted.replace(/\D/g, '') : '';
  return (
    plain(name).includes(plain(wanted)) ||
    (email !== null && plain(email).includes(plain(wanted))) ||
    (digits !== '' && phone.includes(digits))
  );
}

const found = async (search: string): Promise<string[]> =>
  ((await desk.admin.ask(CONTACTS, { bot: desk.botId, search })).contacts.nodes as { id: string }[])
    .map(({ id }) => id)
    .sort();

/** A part of what somebody is found by, or nearly. */
const searches = fc
  .tuple(
    fc.nat({ max: 39 }),
    fc.constantFrom('name' as const, 'email' as const, 'phone' as const),
    fc.nat({ max: 30 }),
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom(
      (text: string) => text,
      plain,
      (text: string) => text.toUpperCase(),
      (text: string) => `${text}q`,
    ),
  )
  .map(([index, field, start, length, changed]) => {
    const letters = Array.from(people[index]?.[field] ?? 'nobody');
    const from = start % letters.length;
    return changed(letters.slice(from, from + length).join(''));
  })
  .filter((text) => text.trim() !== '');

describe('contacts are found by any part of their name, e-mail or number', () => {
  test('exactly those that have it, whether it is looked up or tried with one after the other', async () => {
    const lookedUp: boolean[] = [];
    await fc.assert(
      fc.asyncProperty(searches, async (search) => {
        const expected = people.filter((person) => isFoundBy(search, person)).map(({ id }) => id);
        lookedUp.push(Array.from(search.trim()).length >= 3 && expected.length < 10);
        expect(await found(search)).toEqual(expected.sort());
      }),
      { numRuns: 150 },
    );
    expect(lookedUp.filter((one) => one).length).toBeGreaterThan(20);
    expect(lookedUp.filter((one) => !one).length).toBeGreaterThan(20);
  });

  test('the index is what rare ones are looked up in, and follows every change', async () => {
    const text = (part: string): string => `${part} Unmistakable`;
    const person = await entered({ name: text('First'), email: null, phone: '+5511968000001' });
    const statements = await app.statementsOf(async () => {
      expect(await found('t unmistak')).toEqual([person.id]);
    });
    expect(statements.join('\n')).toMatch(/contact_texts|contacts_like/);
    await entered({ name: text('Second'), email: null, phone: person.phone });
    expect([await found('first unm'), await found('second unm')]).toEqual([[], [person.id]]);
    await desk.admin.act('eraseContact', { contactId: person.id }, 'contact { id }');
    expect([await found('second unm'), await found('968000001')]).toEqual([[], []]);
  });

  test('a text that no contact can have finds none, and is no error', async () => {
    for (const search of ['abc\0def', '"""', '* OR *', '\ud800\ud800\ud800', '%%%', '\\\\\\'])
      expect([search, await found(search)]).toEqual([search, []]);
  });

  test('nobody is found in another contract, by whoever is there too', async () => {
    const other = await Desk.open(app);
    const phone = '+5511968000002';
    await desk.admin.act(
      'upsertContact',
      { botId: desk.botId, phone, name: 'Both Contracts' },
      'contact { id }',
    );
    const { contact } = await other.admin.act(
      'upsertContact',
      { botId: other.botId, phone, name: 'Both Contracts' },
      'contact { id }',
    );
    const seen = await other.admin.ask(CONTACTS, { bot: other.botId, search: 'both con' });
    expect(seen.contacts.nodes).toEqual([{ id: contact.id }]);
  });

  test('sends and tickets are found by their contact too, and sends by their template', async () => {
    const send = await desk.accepted(desk.admin, '+5511968000003');
    await entered({ name: 'Wanted Person', email: null, phone: '+5511968000003' });
    const ofSends = async (search: string): Promise<unknown[]> =>
      (await desk.admin.ask(SENDS, { search })).sends.nodes as unknown[];
    for (const search of ['nted pers', '68000003', 'order_upd', 'wa'])
      expect([search, await ofSends(search)]).toEqual([search, [{ id: send.id }]]);
    expect(await ofSends('nted persq')).toEqual([]);
    const [statement = ''] = (await app.statementsOf(() => ofSends('nted pers'))).filter((text) =>
      /contact_texts|contacts_like/.test(text),
    );
    expect(statement).not.toBe('');
  });

  test('without what keeps the index, a new name is not found: these tests would tell', async () => {
    const own = await TestApp.start();
    try {
      const its = await Desk.open(own);
      await own.platform.store.transactAcrossContracts((connection) =>
        connection.run(
          connection.dialect === 'postgres'
            ? sql`drop trigger contact_text_kept on contacts`
            : sql`drop trigger contact_entered`,
        ),
      );
      const input = { botId: its.botId, phone: '+5511968000004', name: 'Nobody Indexed' };
      await its.admin.act('upsertContact', input, 'contact { id }');
      const seen = await its.admin.ask(CONTACTS, { bot: its.botId, search: 'body ind' });
      expect(seen.contacts.nodes).toEqual([]);
    } finally {
      await own.stop();
    }
  });
});
