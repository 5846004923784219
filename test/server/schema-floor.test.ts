import { expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { TestApp } from '../kit/app';
import { eventually } from '../kit/eventually';

test('a server that its database has left behind takes no more work, and starts no more', async () => {
  const app = await TestApp.start();
  try {
    const ready = (): Promise<Response> => fetch(`${app.url}/readyz`);
    expect((await ready()).status).toBe(200);
    const later = 'TicketsLeaveThePast1800000000000';
    await app.platform.store.transactAcrossContracts((connection) =>
      connection.run(sql`insert into schema_floors (migration) values (${later})`),
    );
    const refused = await eventually(ready, ({ status }) => status === 503);
    expect(await refused.json()).toEqual({
      ready: false,
      reason: `This server is too old for its database: it lacks ${later}.`,
    });
    await expect(app.restart()).rejects.toThrow(
      `The database has the schema of a later version, which this one cannot work with (it lacks ${later}): start the version`,
    );
  } finally {
    await app.stop();
  }
});
