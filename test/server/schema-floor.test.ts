import { expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { MINUTE } from '../../src/clock';
import { TestApp } from '../kit/app';
import { Desk } from '../kit/desk';
import { answers } from '../kit/provider-double';

test('a server that its database has left behind takes no more work, and starts no more', async () => {
  const app = await TestApp.start();
  try {
    const ready = (): Promise<Response> => fetch(`${app.url}/readyz`);
    expect((await ready()).status).toBe(200);
    const desk = await Desk.open(app);
    const listener = await desk.admin.listen(
      'subscription ($after: String) { presenceChanged(after: $after) { presence } }',
    );
    // One message waits for its next try.
    app.provider.answer(answers.error(130429, 429));
    await desk.admin.act('sendActiveMessage', desk.orderUpdate('+5511987654321'), 'send { id }');
    await app.provider.waitForSends(1);
    const later = 'TicketsLeaveThePast1800000000000';
    await app.platform.store.transactAcrossContracts((connection) =>
      connection.run(sql`insert into schema_floors (migration) values (${later})`),
    );
    // It finds out by itself, without anybody who asks.
    await listener.until(() => listener.closed !== null);
    expect(listener.closed?.code).toBe(1001);
    const refused = await ready();
    expect(refused.status).toBe(503);
    const reason = `This server is too old for its database: it lacks ${later}.`;
    expect(await refused.json()).toEqual({ ready: false, reason });

    const answer = await fetch(`${app.url}/graphql`, { method: 'POST' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.json()).toEqual({
      errors: [{ message: reason, extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    });
    await expect(desk.admin.listen('subscription { presenceChanged { presence } }')).rejects.toThrow('503');
    expect((await fetch(`${app.url}/webhooks/whatsapp/x`, { method: 'POST' })).status).toBe(503);
    for (const path of ['/healthz', '/metrics']) expect((await fetch(`${app.url}${path}`)).status).toBe(200);
    // Nor does anything go on behind the doors.
    app.clock.advance(5 * MINUTE);
    await app.statementsOf(() => Promise.resolve());
    expect(app.provider.sends).toHaveLength(1);
    await expect(app.restart()).rejects.toThrow(
      `The database has the schema of a later version, which this one cannot work with (it lacks ${later}): start the version`,
    );
  } finally {
    await app.stop();
  }
});
