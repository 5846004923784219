import { expect, test } from '@jest/globals';
import { POSTGRES_MIGRATIONS } from '../../src/database/migrations/postgres';
import { Store } from '../../src/database/store';
import { TestClock } from '../kit/clock';
import { createTestDatabase } from '../kit/database';

test('of nodes that start at once on an empty database one migrates, and the others find it done', async () => {
  const database = await createTestDatabase({ empty: true });
  const complaints: Error[] = [];
  const stores = await Promise.all(
    [1, 2, 3].map(() =>
      Store.open({ url: database.url, clock: new TestClock(), complain: (error) => complaints.push(error) }),
    ),
  );
  try {
    const done = await Promise.all(stores.map(({ engine }) => engine.migrate()));
    expect(done.flat()).toEqual(POSTGRES_MIGRATIONS.map(({ name }) => name));
    expect(done.filter((names) => names.length > 0)).toHaveLength(1);
    expect(complaints).toEqual([]);
  } finally {
    await Promise.all(stores.map((store) => store.close()));
    await database.drop();
  }
});
