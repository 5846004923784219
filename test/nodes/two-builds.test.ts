import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { SendRow } from '../../src/entities/send';
import { Audience } from '../kit/audience';
import { openPlatform } from '../kit/bare-platform';
import { BusyDesk, PATIENT, slowly } from '../kit/busy-desk';
import { Caller } from '../kit/caller';
import { eventually } from '../kit/eventually';
import { lost, repeated } from '../kit/findings';
import { freePort } from '../kit/free-port';
import { OtherBuild } from '../kit/other-build';
import { ServerProcess } from '../kit/process';
import { scaled } from '../kit/scale';

const PATIENCE = scaled(40_000, 400_000);
const ANSWERS = scaled(20, 200);
const CLIENTS = scaled(12, 60);

const EXPAND = 'SendsHaveCampaigns1800000000000';
const CONTRACT = 'SendsLoseCampaigns1800000100000';
const EXPANDING = [EXPAND, 'ALTER TABLE "sends" ADD "campaign" text'] as const;
const CONTRACTING = [
  CONTRACT,
  'ALTER TABLE "sends" DROP COLUMN "campaign"',
  `INSERT INTO "schema_floors" ("migration") VALUES ('${CONTRACT}')`,
] as const;

/** The version that comes next writes a column more. */
function nextBuild(): OtherBuild {
  const build = new OtherBuild();
  build.addMigration(...EXPANDING);
  build.insert(
    'src/entities/send.ts',
    'export class SendRow {\n',
    '  @TextColumn({ nullable: true })\n  campaign!: string | null;\n\n',
  );
  build.insert('src/services/sends/sends.ts', '  replyBucket: null,\n', "  campaign: 'autumn',\n");
  return build;
}

/** The version after it has no use for what is gone. */
function lastBuild(): OtherBuild {
  const build = new OtherBuild();
  build.addMigration(...EXPANDING);
  build.addMigration(...CONTRACTING);
  return build;
}

let desk: BusyDesk;
let next: OtherBuild;
let last: OtherBuild;
beforeAll(async () => {
  [next, last] = [nextBuild(), lastBuild()];
  desk = await BusyDesk.open();
  desk.app.provider.answer(slowly);
});
afterAll(async () => {
  next.remove();
  last.remove();
  await desk.app.stop();
});

test(
  'a version and the next one serve side by side until a later one takes away what the first needs',
  async () => {
    const { app, admin, senders, contractId } = desk;
    const after = await admin.cursor();
    await app.restart(async (databaseUrl, given) => {
      const environments = await Promise.all(
        [0, 1, 2].map(async () => ({
          ...given,
          ...PATIENT,
          LOG_LEVEL: 'error',
          PORT: String(await freePort()),
        })),
      );
      const [ofOld = {}, ofNext = {}, ofLast = {}] = environments;
      let old = await ServerProcess.start(ofOld);
      const running = [old];
      const reader = await openPlatform(databaseUrl, app.provider.url, app.clock);
      const rows = reader.platform.store.rowsOf(contractId);
      let turn = 0;
      const url = (): string => running[(turn += 1) % running.length]?.url ?? '';
      const audience = new Audience({
        size: CLIENTS,
        overseers: [admin],
        agents: senders,
        url,
        after,
        contractId,
      });
      try {
        // The next version migrates while this one serves.
        await desk.work([old.url], ANSWERS, async () => {
          running.push(await ServerProcess.start(ofNext, next.root));
        });
        const urls = running.map((node) => node.url);
        const campaigns = async (where: ReturnType<typeof sql>): Promise<number> =>
          rows.count(SendRow, where);
        // Until the next version has written what the first does not know.
        await desk.work(urls, ANSWERS, () =>
          eventually(
            () => campaigns(sql`campaign = 'autumn'`),
            (count) => count > 0,
            PATIENCE,
          ),
        );

        // This one may be started anew beside the newer schema, and both change and tell the same settings.
        await old.stop();
        old = await ServerProcess.start(ofOld);
        running[0] = old;
        await desk.work(urls, ANSWERS, () => Promise.resolve());
        const { botId } = desk.freshSend();
        for (const [index, there] of urls.entries()) {
          const directTransferEnabled = index === 0;
          const input = { botId, directTransferEnabled };
          await new Caller(() => there, admin.token, admin.id).act(
            'updateSettings',
            input,
            'settings { enabled }',
          );
          for (const at of urls) {
            const { bot } = await new Caller(() => at, admin.token, admin.id).ask(
              'query ($id: ID!) { bot(id: $id) { settings { directTransferEnabled } } }',
              { id: botId },
            );
            expect(bot.settings).toEqual({ directTransferEnabled });
          }
        }
        expect([desk.unanswered, desk.turnedAway, desk.surprises]).toEqual([0, 0, []]);
        await audience.heardAll(reader.platform, PATIENCE);
        expect(audience.hearers).toBeGreaterThanOrEqual(scaled(CLIENTS, CLIENTS / 2));

        // A later version takes away; who does not know that takes no more work, and does not start.
        await running[1]?.stop();
        running.push(await ServerProcess.start(ofLast, last.root));
        const refused = await eventually(
          () => fetch(`${old.url}/readyz`),
          ({ status }) => status === 503,
        );
        expect(await refused.json()).toEqual({
          ready: false,
          reason: `This server is too old for its database: it lacks ${CONTRACT}.`,
        });
        expect((await fetch(`${old.url}/graphql`, { method: 'POST' })).status).toBe(503);
        await old.stop();
        await expect(ServerProcess.start(ofOld)).rejects.toThrow(`(it lacks ${CONTRACT}): start the version`);
        await desk.work([running[2]?.url ?? ''], ANSWERS, () => Promise.resolve());
        expect(desk.surprises).toEqual([]);
      } finally {
        await audience.stop();
        await Promise.all(running.map((node) => node.kill()));
        // What is found is looked at with this version, over a schema that is good for it.
        await reader.platform.store.transactAcrossContracts((connection) =>
          connection.run(sql`delete from schema_floors`),
        );
        await reader.close();
      }
    });
    await desk.settle();
    expect(await lost(desk)).toEqual([]);
    expect(await repeated(desk)).toEqual([]);
  },
  scaled(120_000, 900_000),
);
