import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { frequentThreesOf } from '../../src/database/contact-texts';
import { ContactRow } from '../../src/entities/contact';
import { ContactBotRow } from '../../src/entities/contact-bot';
import { newId } from '../../src/entities/ids';
import { TestApp } from '../kit/app';
import { engine } from '../kit/database';
import { describeWhere } from '../kit/describe-where';
import { Desk } from '../kit/desk';

const CONTACTS =
  'query ($bot: ID!, $search: String) { contacts(botId: $bot, search: $search, first: 100) { nodes { name } } }';

describeWhere(engine === 'sqlite' ? null : 'only SQLite has contacts in the order in which they came')(
  'contacts that came together',
  () => {
    let app: TestApp;
    let desk: Desk;

    /** What the first ones were called, up to the latest: many together, and then more than are looked at. */
    const names = [
      ...Array.from({ length: 2_500 }, (_, index) => `Together ${index}`),
      // Each has all letters of what is sought, three in a row, and none has them in one place.
      ...Array.from({ length: 2_500 }, (_, index) => `Wide ideapar ${index}`),
      ...Array.from({ length: 2_500 }, (_, index) => `Later ${index}`),
    ];

    beforeAll(async () => {
      app = await TestApp.start();
      desk = await Desk.open(app);
      const { contractId, channelId, botId } = desk;
      const made = names.map((name, index): ContactRow => {
        const at = 1_000 + index;
        const nothing = { userId: null, lastBotId: null, erasure: null, optedOutAt: null } as const;
        return {
          ...nothing,
          id: newId('Contact'),
          contractId,
          channelId,
          name,
          phone: `+55119${String(60_000_000 + index)}`,
          email: `person${index}@desk.test`,
          marketingOptedOutAt: null,
          marketingWishAt: null,
          nextCallAt: 0,
          foldedName: name.toLowerCase(),
          foldedEmail: `person${index}@desk.test`,
          createdAt: at,
          updatedAt: at,
        };
      });
      await app.platform.store.transact(contractId, async (transaction) => {
        await transaction.insert(ContactRow, ...made);
        await transaction.insert(
          ContactBotRow,
          ...made.map(({ id, createdAt }) => ({
            id: newId('ContactBot'),
            contractId,
            contactId: id,
            botId,
            createdAt,
          })),
        );
      });
    });
    afterAll(() => app.stop());

    /** The first names that are found, and whether their page was looked up. */
    async function found(search: string): Promise<{ first: string[]; isLookedUp: boolean }> {
      let first: string[] = [];
      const statements = await app.statementsOf(async () => {
        const answer = await desk.admin.ask(CONTACTS, { bot: desk.botId, search });
        first = (answer.contacts.nodes as { name: string }[]).map(({ name }) => name);
      });
      const page = statements.filter((text) =>
        / from contacts .*order by contacts\.created_at desc/s.test(text),
      );
      return { first, isLookedUp: page.at(-1)?.includes('contact_texts') === true };
    }

    const newest = (start: string): string[] =>
      names
        .filter((name) => name.startsWith(start))
        .reverse()
        .slice(0, 100);

    test('are come across, though the newest tell nothing of them', async () => {
      expect(await found('together')).toEqual({ first: newest('Together'), isLookedUp: false });
      expect(await found('later')).toEqual({ first: newest('Later'), isLookedUp: false });
    });

    test('are looked up where few of those with these letters are meant', async () => {
      expect(await found('ether 77')).toEqual({ first: newest('Together 77'), isLookedUp: true });
      expect(await found('widea')).toEqual({ first: [], isLookedUp: true });
    });

    test('are looked for by those of their letters that not all have', async () => {
      const { connection } = app.platform.store.acrossContracts();
      const frequent = await frequentThreesOf(connection, ['+5511960', '7499@desk', 'ab']);
      expect([...frequent].sort()).toEqual(
        ['@de', 'des', 'esk', '+55', '119', '511', '551', '196', '960'].sort(),
      );
      expect((await found('+55119600000')).first).toHaveLength(100);
      expect((await found('7499@desk.test')).first).toEqual(['Later 2499']);
      expect((await found('@desk.test')).first).toEqual(names.slice(-100).reverse());
    });
  },
);
