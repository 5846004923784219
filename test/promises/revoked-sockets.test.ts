import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { revokeApiKey } from '../../src/services/access/api-keys';
import { authenticate } from '../../src/services/access/authentication';
import { updateAgent } from '../../src/services/agents/agent-changes';
import { ServiceContext } from '../../src/services/context';
import { TestApp } from '../kit/app';
import { openPlatform } from '../kit/bare-platform';
import { personToken, type Caller } from '../kit/caller';
import { Listener } from '../kit/listener';

const PRESENCE = 'subscription { presenceChanged { presence } }';

let app: TestApp;
let contractId: string;
let admin: Caller;

beforeAll(async () => {
  app = await TestApp.start();
  ({ admin, id: contractId } = await app.contract());
});
afterAll(() => app.stop());

/** What the promise gives a revocation to reach the sockets. */
const SOON = 5_000;

test.each(['this node', 'another node'])(
  'sockets of who may sign in no more close with 4403 within 5 seconds, revoked by %s',
  async (by) => {
    const another = await openPlatform(app.environment['DATABASE_URL'] ?? '', app.provider.url, app.clock);
    const platform = by === 'this node' ? app.platform : another.platform;
    const { viewer } = await authenticate(app.platform, admin.token, null);
    const context = new ServiceContext(platform, viewer);
    const email = `bia-of-${by.replace(' ', '-')}@acme.test`;
    const { agent } = await admin.act('createAgent', { name: 'Bia', email, role: 'AGENT' }, 'agent { id }');
    const bia = await app.person(contractId, email, agent.id as string);
    const { apiKey, secret } = await admin.act(
      'createApiKey',
      { name: 'bi', scopes: ['READ'] },
      'apiKey { id } secret',
    );
    const short = await personToken(contractId, 'ana@acme.test', app.clock.now(), 60);
    const others = await Listener.connect(app.url, admin.token);
    const sockets = await Promise.all(
      [bia.token, bia.token, secret as string, secret as string, short, short].map((token) =>
        Listener.connect(app.url, token),
      ),
    );
    // Of each caller's two sockets one has nothing on it.
    for (const index of [0, 2, 4]) sockets[index]?.subscribe(PRESENCE);
    const closed = async (some: Listener[]): Promise<(number | undefined)[]> => {
      const start = Date.now();
      await Promise.all(some.map((socket) => socket.until(() => socket.closed !== null)));
      expect(Date.now() - start).toBeLessThan(SOON);
      return some.map((socket) => socket.closed?.code);
    };
    await updateAgent(context, { agentId: agent.id as string, active: false });
    expect(await closed(sockets.slice(0, 2))).toEqual([4403, 4403]);
    await revokeApiKey(context, { apiKeyId: apiKey.id as string });
    expect(await closed(sockets.slice(2, 4))).toEqual([4403, 4403]);
    app.clock.advance(60_000);
    expect(await closed(sockets.slice(4))).toEqual([4403, 4403]);
    expect(others.closed).toBeNull();
    await others.close();
    await another.close();
  },
);
