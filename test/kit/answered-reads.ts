import type { Store } from '../../src/database/store';

/**
 * Waits until the database has answered so many reads of contracts whose text holds this, counted from the call on,
 * and what each answer leads to without another wait has been done.
 */
export function answeredReads({ engine }: Store, text: string, count: number): Promise<void> {
  const readerOf = engine.readerOf.bind(engine);
  let missing = count;
  return new Promise((resolve) => {
    engine.readerOf = (contractId) => {
      const reader = readerOf(contractId);
      return {
        dialect: reader.dialect,
        run: (statement) => reader.run(statement),
        async all(statement) {
          const rows = await reader.all(statement);
          if (statement.text.includes(text) && (missing -= 1) === 0) {
            engine.readerOf = readerOf;
            setImmediate(resolve);
          }
          return rows;
        },
      };
    };
  });
}
