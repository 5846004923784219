import type { Connection, Engine, RawRow } from '../../src/database/connection';
import type { Store } from '../../src/database/store';

/** As many reads as one statement takes: after one that is full, they go on in the next. */
export const READS_PER_STATEMENT = 50;

/** What is read with one statement, which may be many reads: each without what differs from page to page. */
export function readsIn(statement: string): string[] {
  return joinedIn(statement).map((read) =>
    read
      .replace(/^select \* from \((.*)\) as along\d+$/s, '$1')
      .replaceAll(/select \d+ as part, /g, 'select ')
      .replaceAll(/\$\d+/g, '?')
      .replaceAll(/\?(?:, ?\?)+/g, '?')
      // One id is compared, several are a list.
      .replaceAll(
        / in \(select value from json_each\(\?\)\)| = any\(array\(select \w+\(\?::json\)\)\)/g,
        ' = ?',
      )
      .replaceAll(/limit \d+/g, 'limit n'),
  );
}

/** The selects that a statement joins; those that are joined within one of them stay as they are. */
function joinedIn(statement: string): string[] {
  const JOINT = ' union all ';
  const selects: string[] = [];
  let [depth, begun] = [0, 0];
  for (let place = 0; place < statement.length; place += 1) {
    if (statement[place] === '(') depth += 1;
    else if (statement[place] === ')') depth -= 1;
    else if (depth === 0 && statement.startsWith(JOINT, place)) {
      selects.push(statement.slice(begun, place));
      begun = place + JOINT.length;
    }
  }
  return [...selects, statement.slice(begun)];
}

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
