import { types, type Connection as Wire, type Submittable } from 'pg';
import { storable, type RawRow, type Statement } from './connection';
import type { PreparedStatement, PreparedStatements } from './prepared-statements';

/** What a statement came to. */
export interface Outcome {
  rows: RawRow[];
  /** How many rows it changed or returned. */
  count: number;
  /** What PostgreSQL calls what was done, such as `COMMIT`. */
  done: string;
}

/** One of the statements that go together. */
export interface Step {
  statement: Statement;
  /** Whether its rows are wanted. */
  isAsked: boolean;
  /** Whether one plan is good for any of its values. */
  isForAnyValues: boolean;
}

interface Field {
  name: string;
  read: (value: string) => unknown;
}

type TypeId = Parameters<typeof types.getTypeParser>[0];
type Callback = (error: Error | null) => void;

/** What the driver's types do not know of what it can do. */
interface Writing {
  bind(what: { statement: string; values: (string | null)[] }): void;
  close(what: { type: 'S'; name: string }): void;
  describe(what: { type: 'P' }): void;
  execute(what: object): void;
  parse(what: { name: string; text: string }): void;
  sync(): void;
}

/**
 * Several statements that PostgreSQL is sent at once and does one after the other, as far as the first that fails
 * (https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY): they are one transaction where none
 * was begun, and cost one way there and back. The driver sends whatever knows how to submit itself, as its cursors do.
 */
export class PostgresMessage implements Submittable {
  /** The driver puts its time-out around this. */
  callback: Callback;
  private readonly outcomes: Outcome[] = [];
  private rows: RawRow[] = [];
  private fields: Field[] = [];
  private failure: Error | null = null;
  private sent: PreparedStatement[] = [];

  /** @param refusal why it may not be sent after all, asked when the connection is free for it. */
  constructor(
    private readonly steps: readonly Step[],
    private readonly prepared: PreparedStatements,
    private readonly refusal: () => Error | null,
    resolve: (outcomes: Outcome[]) => void,
    reject: (error: Error) => void,
  ) {
    this.callback = (error) => (error ? reject(error) : resolve(this.outcomes));
  }

  submit(connection: Wire): Error | null {
    const refused = this.refusal();
    if (refused) return refused;
    const wire = connection as unknown as Writing;
    // All of it in one packet.
    connection.stream.cork();
    try {
      const values = this.steps.map(({ statement }) => storable(statement.values).map(asText));
      this.sent = this.steps.map(({ statement, isForAnyValues }) =>
        this.prepared.take(statement.text, isForAnyValues),
      );
      for (const name of this.prepared.outdated()) wire.close({ type: 'S', name });
      for (const [place, { statement, isAsked }] of this.steps.entries()) {
        const { name, isNew } = this.sent[place] as PreparedStatement;
        if (isNew) wire.parse({ name, text: statement.text });
        wire.bind({ statement: name, values: values[place] ?? [] });
        if (isAsked) wire.describe({ type: 'P' });
        wire.execute({});
      }
      wire.sync();
    } catch (error) {
      return error as Error;
    } finally {
      connection.stream.uncork();
    }
    return null;
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: TypeId }[] }): void {
    this.fields = fields.map(({ name, dataTypeID }) => ({
      name,
      read: types.getTypeParser(dataTypeID, 'text') as (value: string) => unknown,
    }));
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    if (this.failure || !this.steps[this.outcomes.length]?.isAsked) return;
    const row: RawRow = {};
    try {
      for (const [place, { name, read }] of this.fields.entries()) {
        const value = fields[place] ?? null;
        row[name] = value === null ? null : read(value);
      }
    } catch (error) {
      this.failure = error as Error;
    }
    this.rows.push(row);
  }

  handleCommandComplete({ text }: { text: string }): void {
    const words = text.split(' ');
    this.outcomes.push({ rows: this.rows, count: Number(words.at(-1)) || 0, done: words[0] ?? '' });
    this.rows = [];
  }

  handleError(error: Error): void {
    // Whether PostgreSQL came as far as to prepare it nobody knows.
    for (const { name, isNew } of this.sent) if (isNew) this.prepared.forget(name);
    this.callback(error);
  }

  handleReadyForQuery(): void {
    if (this.failure) this.handleError(this.failure);
    else this.callback(null);
  }
}

/** A value as PostgreSQL reads it. */
function asText(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  throw new TypeError(`A statement cannot hold a value of type ${typeof value}`);
}
