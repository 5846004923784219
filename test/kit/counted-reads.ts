import type { Connection, Engine, RawRow } from '../../src/database/connection';
import type { Store } from '../../src/database/store';

/**
 * Counts the statements that a server reads with. What was asked at once is answered at once and in its order, so that
 * it is not the database's speed that decides which of the next reads are asked together.
 */
export class CountedReads {
  private texts: string[] = [];
  /** Tells whoever asked, in the order they did. */
  private readonly asked: (() => void)[] = [];
  private unanswered = 0;

  constructor({ engine }: Store) {
    const readerOf = engine.readerOf.bind(engine);
    const open = engine as { -readonly [Name in keyof Engine]: Engine[Name] };
    const everywhere = this.counted(engine.reader);
    open.reader = everywhere;
    open.readerOf = (contractId) => {
      const reader = readerOf(contractId);
      return reader === everywhere ? reader : this.counted(reader);
    };
  }

  /** What `work` comes to, and the texts of the statements that are read with meanwhile. */
  async of<Result>(work: () => Promise<Result>): Promise<{ result: Result; texts: string[] }> {
    this.texts = [];
    const result = await work();
    return { result, texts: this.texts };
  }

  private counted(reader: Connection): Connection {
    return {
      dialect: reader.dialect,
      run: (statement) => reader.run(statement),
      all: (statement) => {
        this.texts.push(statement.text);
        return this.inTurn(reader.all(statement));
      },
    };
  }

  private inTurn(answer: Promise<RawRow[]>): Promise<RawRow[]> {
    this.unanswered += 1;
    const told = (): void => {
      this.unanswered -= 1;
      if (this.unanswered === 0) for (const tell of this.asked.splice(0)) tell();
    };
    answer.then(told, told);
    return new Promise((resolve) => this.asked.push(() => resolve(answer)));
  }
}
