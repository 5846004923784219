import sql, { raw } from 'sql-template-tag';
import type { Dialect, RawRow } from '../src/database/connection';
import { tableOf, type RowClass } from '../src/database/rows';
import { AgentRow } from '../src/entities/agent';
import { ContactRow } from '../src/entities/contact';
import { ContactAliasRow } from '../src/entities/contact-alias';
import { ContactBotRow } from '../src/entities/contact-bot';
import { DeliveryRow } from '../src/entities/delivery';
import { SendRow } from '../src/entities/send';
import { TemplateRow } from '../src/entities/template';
import { TicketRow } from '../src/entities/ticket';
import type { TestApp } from '../test/kit/app';
import type { Caller } from '../test/kit/caller';
import { Desk } from '../test/kit/desk';
import { eventually } from '../test/kit/eventually';
import { countSends } from './counted-sends';

/** How much of everything there is at one time. */
export interface Size {
  sends: number;
  contacts: number;
  tickets: number;
}

const AGENTS = 200;
const TEMPLATES = 50;
/** Between two sends: the largest desk has a month of them. */
const PAUSE = 500;
const SYLLABLES =
  'ma ri lo ca ju be an da so le pe vi no ta ro fe gu si mi ra te ne lu ce ka di za pa bi do'.split(' ');
const ID_LENGTH = 26;
const SOME = 100;
const AT_ONCE = 20_000;
const GROWING = [ContactRow, ContactAliasRow, ContactBotRow, TicketRow, DeliveryRow, SendRow];

/** What one row of a table becomes when it is copied: columns that differ, as expressions over the copy's number `n`. */
interface Original {
  entity: RowClass<object>;
  id: string;
  changed: Readonly<Record<string, string>>;
}

/** Runs a text over the desk's database, however long it takes. */
export type Administering = (text: string) => Promise<RawRow[]>;

/** The id of a copy. */
const copied = (prefix: string, number: number): string =>
  `${prefix}_${String(number).padStart(ID_LENGTH, '0')}`;

/** A desk that has grown: made through the API once, and then as many copies of its rows as there are to be. */
export class GrownDesk {
  private people: readonly ContactRow[] = [];
  private size: Size = { sends: 0, contacts: 0, tickets: 0 };

  private constructor(
    readonly desk: Desk,
    /** Someone with 1 of 200 of the sends and tickets. */
    readonly agent: Caller,
    private readonly dialect: Dialect,
    private readonly first: Readonly<Record<'send' | 'contact' | 'ticket' | 'alias' | 'link', string>>,
    private readonly begun: number,
    private readonly administer: Administering,
  ) {}

  static async open(app: TestApp, largest: Size, administer: Administering): Promise<GrownDesk> {
    const desk = await Desk.open(app);
    const original = await desk.agent('Bia');
    const phone = '+5511970000001';
    const send = await desk.accepted(original, phone);
    await desk.customer(phone.slice(1)).write('Hello');
    const rows = app.platform.store.rowsOf(desk.contractId);
    const only = async (entity: RowClass<{ id: string }>): Promise<string> =>
      (await rows.first(entity, sql`1 = 1`))?.id ?? '';
    await eventually(
      () => rows.count(TicketRow, sql`1 = 1`),
      (count) => count === 1,
    );
    const first = {
      send: send.id,
      contact: send.contactId,
      ticket: await only(TicketRow),
      alias: await only(ContactAliasRow),
      link: await only(ContactBotRow),
    };
    const begun = app.clock.now() - largest.sends * PAUSE;
    const { dialect } = app.platform.store;
    const agent = await app.person(desk.contractId, 'agent1@desk.test', copied('agt', 1));
    const grown = new GrownDesk(desk, agent, dialect, first, begun, administer);
    await grown.multiply(1, AGENTS, {
      entity: AgentRow,
      id: original.id,
      changed: { name: `'Agent ' || n`, email: `'agent' || n || '@desk.test'` },
    });
    await grown.multiply(1, TEMPLATES, {
      entity: TemplateRow,
      id: desk.templates['order_update'] ?? '',
      changed: { name: `'template_' || n` },
    });
    return grown;
  }

  get app(): TestApp {
    return this.desk.app;
  }

  get contacts(): number {
    return this.size.contacts;
  }

  get sends(): number {
    return this.size.sends;
  }

  /** The id of a copy by its number, from 1 on. */
  idOf(kind: 'send' | 'contact' | 'ticket' | 'agent' | 'template', number: number): string {
    const prefixes = { send: 'snd', contact: 'ctc', ticket: 'tkt', agent: 'agt', template: 'tpl' };
    return copied(prefixes[kind], number);
  }

  /** An instant of the span that sends are of, which is 0 at its beginning and 1 at its end. */
  at(place: number): string {
    return new Date(this.begun + place * this.size.sends * PAUSE).toISOString();
  }

  /** One of some contacts from all over the table. */
  person(turn: number): ContactRow {
    const person = this.people[turn % this.people.length];
    if (!person) throw new Error('There are no contacts yet');
    return person;
  }

  /** Adds what is missing to this size. */
  async grow(size: Size): Promise<void> {
    await this.withoutIndexes(() => this.fill(size));
    const { store } = this.app.platform;
    const { contractId } = this.desk;
    await store.transactAcrossContracts((connection) =>
      connection.run(
        sql`update contract_logs set last_sequence = ${size.sends + 1_000} where contract_id = ${contractId}`,
      ),
    );
    // PostgreSQL does so by itself, but not at once; SQLite's plans do not depend on it.
    if (this.dialect === 'postgres') await this.administer('vacuum analyze');
    this.size = size;
    const some = Array.from({ length: SOME }, (_, index) =>
      this.idOf('contact', ((index * 104_729) % size.contacts) + 1),
    );
    this.people = await store.rowsOf(contractId).byIds(ContactRow, some);
  }

  countSends(): Promise<void> {
    return countSends(this.app.platform, this.desk.contractId);
  }

  /** Kept up row by row, the indexes of five million sends take longer than everything else: they are made anew. */
  private async withoutIndexes(work: () => Promise<void>): Promise<void> {
    const tables = GROWING.map((entity) => `'${tableOf(entity).name.sql}'`).join(', ');
    const indexes = await this.administer(
      this.dialect === 'postgres'
        ? `select indexname as name, indexdef as text from pg_indexes
            where tablename in (${tables}) and indexdef like 'CREATE INDEX%'`
        : `select name, sql as text from sqlite_master where tbl_name in (${tables}) and sql like 'CREATE INDEX%'`,
    );
    for (const { name } of indexes) await this.administer(`drop index "${name as string}"`);
    await work();
    for (const { text } of indexes) await this.administer(text as string);
  }

  private async fill(size: Size): Promise<void> {
    const { send, contact, ticket, alias, link } = this.first;
    const contacts: [RowClass<object>, string, Record<string, string>][] = [
      [ContactRow, contact, this.personOf()],
      [ContactAliasRow, alias, { contact_id: this.copyOf('ctc', 'n'), alias: `'55' || ${this.phone}` }],
      [ContactBotRow, link, { contact_id: this.copyOf('ctc', 'n') }],
    ];
    for (const [entity, id, changed] of contacts)
      await this.multiply(this.size.contacts + 1, size.contacts, { entity, id, changed });
    await this.multiply(this.size.tickets + 1, size.tickets, {
      entity: TicketRow,
      id: ticket,
      changed: this.ticketOf(),
    });
    const contactId = this.copyOf('ctc', `n * 7919 % ${size.contacts} + 1`);
    const sends: [RowClass<object>, string, Record<string, string>][] = [
      [DeliveryRow, send, { contact_id: contactId, due_at: 'null' }],
      [SendRow, send, { contact_id: contactId, ...this.sendOf() }],
    ];
    for (const [entity, id, changed] of sends)
      await this.multiply(this.size.sends + 1, size.sends, { entity, id, changed });
  }

  private async multiply(from: number, to: number, original: Original): Promise<void> {
    // A statement may take a few seconds at most.
    for (let start = from; start <= to; start += AT_ONCE)
      await this.copy(start, Math.min(to, start + AT_ONCE - 1), original);
  }

  private async copy(from: number, to: number, { entity, id, changed }: Original): Promise<void> {
    const { name, columns } = tableOf(entity);
    const prefix = id.slice(0, id.indexOf('_'));
    const values = columns.map(({ column }) =>
      column === 'id' ? this.copyOf(prefix, 'n') : (changed[column] ?? `original.${column}`),
    );
    const numbers =
      this.dialect === 'postgres'
        ? `generate_series(${from}::bigint, ${to}::bigint) as numbers(n)`
        : `(with recursive series(n) as (select ${from} union all select n + 1 from series where n < ${to}) select n from series)`;
    const statement = `insert into ${name.sql} (${columns.map(({ column }) => column).join(', ')})
      select ${values.join(', ')} from ${numbers}, ${name.sql} original where original.id = '${id}'`;
    await this.app.platform.store.transactAcrossContracts((connection) => connection.run(raw(statement)));
  }

  /** A number with zeros before it. */
  private padded(number: string, length: number): string {
    return this.dialect === 'postgres'
      ? `lpad((${number})::text, ${length}, '0')`
      : `printf('%0${length}d', ${number})`;
  }

  private copyOf(prefix: string, number: string): string {
    return `'${prefix}_' || ${this.padded(number, ID_LENGTH)}`;
  }

  private get phone(): string {
    return `'119' || ${this.padded('n * 7919 % 100000000', 8)}`;
  }

  /** Names of syllables, in an order of their own. */
  private personOf(): Record<string, string> {
    const word = (...parts: [factor: number, divisor: number][]): string =>
      parts
        .map(([factor, divisor]) => `n * ${factor} / ${divisor} % ${SYLLABLES.length}`)
        .map((place) => `substr('${SYLLABLES.join('')}', cast(${place} * 2 + 1 as integer), 2)`)
        .join(' || ');
    const first = word([17, 1], [31, 7], [13, 11]);
    const name = `${first} || ' ' || ${word([7, 3], [29, 5], [11, 13], [37, 17])}`;
    const email = `${first} || '.' || n || '@' || ${word([7, 30], [29, 50])} || '.test'`;
    return {
      name,
      folded_name: name,
      email,
      folded_email: email,
      phone: `'+55' || ${this.phone}`,
      created_at: `${this.begun} + n * 1000`,
    };
  }

  private ticketOf(): Record<string, string> {
    const at = `${this.begun} + n * 5000`;
    return {
      number: 'n + 1',
      contact_id: this.copyOf('ctc', 'n'),
      agent_id: this.copyOf('agt', `n % ${AGENTS} + 1`),
      queue_id: 'null',
      reserved_for_id: 'null',
      status: `case when n % 20 = 0 then 'OPEN' else 'CLOSED' end`,
      created_at: at,
      last_message_at: at,
      updated_at: at,
    };
  }

  private sendOf(): Record<string, string> {
    const at = `${this.begun} + n * ${PAUSE}`;
    const place = 'n * 31 % 100';
    const reached = (share: number, after: number): string =>
      `case when ${place} < ${share} then ${at} + ${after} else null end`;
    return {
      agent_id: this.copyOf('agt', `n % ${AGENTS} + 1`),
      template_id: this.copyOf('tpl', `n * 13 % ${TEMPLATES} + 1`),
      status: `case when ${place} < 60 then 'READ' when ${place} < 95 then 'DELIVERED' when ${place} < 98 then 'SENT' else 'FAILED' end`,
      reply_state: `case when n * 17 % 10 < 3 then 'REPLIED' else 'EXPIRED' end`,
      reply_bucket: `case when n * 17 % 10 < 3 then 100 + n % 200 else null end`,
      created_at: at,
      updated_at: at,
      accepted_at: reached(98, 400),
      sent_at: reached(98, 900),
      delivered_at: reached(95, 2_000),
      read_at: reached(60, 60_000),
      changed_sequence: 'n',
    };
  }
}
