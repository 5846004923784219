/** How many statements a connection keeps prepared: PostgreSQL has each in memory, with its plan. */
const MOST = 200;
/** Statements of very many rows have a text for each number of rows. */
const LONGEST = 10_000;
/**
 * What is best planned with its values in sight, unless it is known to look a few rows up: PostgreSQL soon plans a
 * prepared statement for any value at all, and that plan goes through the whole table for the few sends that are QUEUED.
 */
const DEPENDS_ON_VALUES = /\border by\b|\bgroup by\b|\bcount\(|\blike\b|\s[<>]=?\s/;

/** A statement as it is sent: under this name, and with its text where it is new. */
export interface PreparedStatement {
  /** Empty where PostgreSQL need not remember it. */
  name: string;
  isNew: boolean;
}

/** Statements that one connection has prepared: parsed, and soon planned, once and for all. */
export class PreparedStatements {
  /** The one that was used last stands last. */
  private readonly names = new Map<string, string>();
  private leaving: string[] = [];
  private given = 0;

  /** @param isForAnyValues whether one plan is known to be good for any values. */
  take(text: string, isForAnyValues: boolean): PreparedStatement {
    const known = this.names.get(text);
    if (known !== undefined) {
      this.names.delete(text);
      this.names.set(text, known);
      return { name: known, isNew: false };
    }
    if (text.length > LONGEST || (!isForAnyValues && DEPENDS_ON_VALUES.test(text)))
      return { name: '', isNew: true };
    // No name is given twice, so that nothing hangs on whether what had it is gone.
    const name = `s${(this.given += 1)}`;
    this.names.set(text, name);
    if (this.names.size > MOST) {
      const [oldest] = this.names.values();
      if (oldest !== undefined) this.forget(oldest);
    }
    return { name, isNew: true };
  }

  forget(name: string): void {
    if (name === '') return;
    for (const [text, known] of this.names) if (known === name) this.names.delete(text);
    this.leaving.push(name);
  }

  forgetAll(): void {
    for (const name of [...this.names.values()]) this.forget(name);
  }

  /** Those that PostgreSQL may forget; they are named once. */
  outdated(): string[] {
    const names = this.leaving;
    this.leaving = [];
    return names;
  }
}
