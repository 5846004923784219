import DataLoader from 'dataloader';
import type { RowClass, Rows } from './rows';

const KEYS_PER_BATCH = 1_000;

/**
 * Gathers the look-ups of one operation into few statements. It remembers what it read, so that each operation,
 * and each event of a subscription, gets a fresh one.
 */
export class Loaders {
  private readonly rowLoaders = new Map<
    RowClass<{ id: string }>,
    DataLoader<string, { id: string } | null>
  >();
  private readonly batchLoaders = new Map<string, DataLoader<string, unknown>>();
  /** What was read along with something else, by the name under which it is asked for. */
  private readonly learned = new Map<string, Map<string, unknown>>();

  constructor(private readonly rows: Rows) {}

  /** The row with this id, or null; all ids asked for in one turn are read together. */
  row<Row extends { id: string }>(entity: RowClass<Row>, id: string): Promise<Row | null> {
    return this.rowLoader(entity).load(id) as Promise<Row | null>;
  }

  /** What `row` would give: for whole rows that were read otherwise. */
  learnRows(entity: RowClass<{ id: string }>, rows: readonly { id: string }[]): void {
    const loader = this.rowLoader(entity);
    for (const row of rows) loader.prime(row.id, row);
  }

  /**
   * What `load` finds for `key`; all keys asked for in one turn under the same `name` are loaded together.
   * @param load given the keys, answers with a value per key; keys it leaves out have none.
   */
  batch<Value>(
    name: string,
    key: string,
    load: (keys: readonly string[]) => Promise<Map<string, Value>>,
  ): Promise<Value | null> {
    let loader = this.batchLoaders.get(name);
    if (!loader) {
      loader = new DataLoader<string, unknown>(
        async (keys) => {
          const found = await load(keys);
          return keys.map((one) => found.get(one) ?? null);
        },
        { maxBatchSize: KEYS_PER_BATCH },
      );
      this.batchLoaders.set(name, loader);
    }
    return loader.load(key) as Promise<Value | null>;
  }

  /** What was learned for `key` under this name: null where there is nothing, undefined where that is not known yet. */
  known(name: string, key: string): unknown {
    return this.learned.get(name)?.get(key);
  }

  /** What `batch` would give for these keys under this name; keys without a row have none. */
  learn(name: string, keys: readonly (string | null | undefined)[], rows: readonly { id: string }[]): void {
    const byKey = this.learned.get(name) ?? new Map<string, unknown>();
    this.learned.set(name, byKey);
    for (const key of keys) if (typeof key === 'string') byKey.set(key, null);
    for (const row of rows) byKey.set(row.id, row);
  }

  private rowLoader(entity: RowClass<{ id: string }>): DataLoader<string, { id: string } | null> {
    let loader = this.rowLoaders.get(entity);
    if (!loader) {
      loader = new DataLoader<string, { id: string } | null>(
        async (ids) => {
          const byId = new Map((await this.rows.byIds(entity, ids)).map((row) => [row.id, row]));
          return ids.map((id) => byId.get(id) ?? null);
        },
        { maxBatchSize: KEYS_PER_BATCH },
      );
      this.rowLoaders.set(entity, loader);
    }
    return loader;
  }
}
