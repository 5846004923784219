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

    const many = (count: number, word: string): string[] =>
      Array.from({ length: count }, (_, index) => `${word} ${index}`);
    /** Who came first to the desk, up to who came last: more of each than the newest that are looked at. */
    const names = [
      ...many(2_500, 'Together'),
      ...many(2_500, 'Later'),
      // Each has all letters of what is sought, three in a row, and none has them in one place.
      ...many(3_500, 'Wide ideapar'),
    ];
    /** Another contract's, who came before all of them. */
    const earlier = many(2_100, 'Together');
    let other: Desk;

    beforeAll(async () => {
      app = await TestApp.start();
      desk = await Desk.open(app);
      other = await Desk.open(app);
      await enter(other, earlier);
      await enter(desk, names);
    });
    afterAll(() => app.stop());

    async function enter({ contractId, channelId, botId }: Desk, people: readonly string[]): Promise<void> {
      const made = people.map((name, index): ContactRow => {
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
    }

    /** The first names that are found, and whether their page was looked up. */
    async function found(search: string, at = desk): Promise<{ first: string[]; isLookedUp: boolean }> {
      let first: string[] = [];
      const statements = await app.statementsOf(async () => {
        const answer = await at.admin.ask(CONTACTS, { bot: at.botId, search });
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

    test("are come across where they are the contract's newest, whoever else came after them", async () => {
      expect(await found('together', other)).toEqual({
        first: earlier.slice(-100).reverse(),
        isLookedUp: false,
      });
    });

    test('are looked for by those of their letters that not all have', async () => {
      const { connection } = app.platform.store.acrossContracts();
      const frequent = await frequentThreesOf(connection, ['+5511960', '8499@desk', 'ab']);
      expect([...frequent].sort()).toEqual(
        ['@de', 'des', 'esk', '+55', '119', '511', '551', '196', '960'].sort(),
      );
      expect((await found('+55119600000')).first).toHaveLength(100);
      expect((await found('8499@desk.test')).first).toEqual(['Wide ideapar 3499']);
      expect((await found('@desk.test')).first).toEqual(names.slice(-100).reverse());
    });
  },
);
