import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import sql from 'sql-template-tag';
import { SECOND, type Clock } from '../../src/clock';
import type { BotRow } from '../../src/entities/bot';
import { TemplateStatus } from '../../src/entities/enums';
import { TemplateRow } from '../../src/entities/template';
import { TemplateActivationRow } from '../../src/entities/template-activation';
import { WhatsAppChannelRow } from '../../src/entities/whatsapp-channel';
import { enableTemplates, updateReturnFlow } from '../../src/services/templates/activations';
import { ServiceContext, type Platform } from '../../src/services/context';
import { publishFlow } from '../../src/services/flows/flows';
import { namedTemplate, sendableTemplateErrors } from '../../src/services/templates/sendable-templates';
import {
  refreshTemplates,
  syncTemplates,
  TemplateSyncSchedule,
} from '../../src/services/templates/template-sync';
import { applyTemplateItem, type TemplateWebhookItem } from '../../src/services/templates/template-webhooks';
import { answeredReads } from '../kit/answered-reads';
import { contractWithNumber, openPlatform } from '../kit/bare-platform';
import { TestClock } from '../kit/clock';
import { createTestDatabase, engine, type TestDatabase } from '../kit/database';
import { flowOf, ORDINARY_BLOCK, SERVICE_BLOCK } from '../kit/desk';
import { eventually } from '../kit/eventually';
import { answers, createProviderDouble, PROVIDER_TOKEN, type ProviderDouble } from '../kit/provider-double';
import { LISTED_TEMPLATES } from '../kit/templates';

const ACCOUNT = '20000000';
const HOUR = 3_600_000;

let database: TestDatabase;
let provider: ProviderDouble;
let clock: TestClock;
let node: { platform: Platform; close: () => Promise<void> };
let context: ServiceContext;
let bot: BotRow;
let channel: WhatsAppChannelRow;

beforeEach(async () => {
  clock = new TestClock();
  [database, provider] = await Promise.all([createTestDatabase(), createProviderDouble()]);
  node = await openPlatform(database.url, provider.url, clock);
  ({ context, bot, channel } = await contractWithNumber(node.platform, ACCOUNT));
  provider.templates(ACCOUNT, LISTED_TEMPLATES);
});

afterEach(async () => {
  await node.close();
  await provider.close();
  await database.drop();
});

/** An operation of its own each time. */
const sync = () => syncTemplates(new ServiceContext(context.platform, context.viewer), { botId: bot.id });
const rowNamed = async (name: string) => (await context.rows.first(TemplateRow, sql`name = ${name}`))!;
const channelRow = async () => (await context.rows.byId(WhatsAppChannelRow, channel.id))!;
const activationOf = async (template: TemplateRow) =>
  (await context.rows.first(TemplateActivationRow, sql`template_id = ${template.id}`))!;
const apply = (item: object) =>
  node.platform.store.transact(channel.contractId, (transaction) =>
    applyTemplateItem(node.platform, transaction, channel, {
      businessAccountId: ACCOUNT,
      providerTemplateId: '',
      language: 'pt_BR',
      at: null,
      payload: {},
      ...item,
    } as TemplateWebhookItem),
  );

async function enable(...names: string[]): Promise<void> {
  const rows = await Promise.all(names.map(rowNamed));
  await publishFlow(context, { botId: bot.id, definition: flowOf(SERVICE_BLOCK, ORDINARY_BLOCK) });
  const templateIds = rows.map(({ id }) => id);
  const answer = await enableTemplates(context, { botId: bot.id, templateIds, returnBlockId: SERVICE_BLOCK });
  expect(answer.userErrors).toEqual([]);
}

describe('rule 7: a sync of templates', () => {
  test('walks every page, and counts what is added, updated and removed', async () => {
    const many = Array.from({ length: 230 }, (_, index) => ({
      ...LISTED_TEMPLATES[1],
      id: `${index}`,
      name: `t${index}`,
    }));
    provider.templates(ACCOUNT, many);
    expect(await sync()).toMatchObject({ added: 230, updated: 0, removed: 0, userErrors: [] });
    expect(provider.calls).toHaveLength(3);
    expect(await sync()).toMatchObject({ added: 0, updated: 0, removed: 0 });
    provider.templates(ACCOUNT, [
      { ...many[0], status: 'PAUSED' },
      { ...many[1], status: 'NEVER_HEARD_OF' },
      ...many.slice(3),
    ]);
    expect(await sync()).toMatchObject({ added: 0, updated: 2, removed: 1 });
    expect(await rowNamed('t0')).toMatchObject({ status: TemplateStatus.PAUSED });
    expect(await rowNamed('t1')).toMatchObject({
      status: TemplateStatus.UNKNOWN,
      providerStatus: 'NEVER_HEARD_OF',
    });
    expect(await rowNamed('t2')).toMatchObject({ status: TemplateStatus.DELETED });
  });

  test('that failed changes nothing but what is said about it, without secrets', async () => {
    await sync();
    const before = await channelRow();
    provider.answerTemplates([
      answers.error(190, 401, { message: `Malformed access token ${PROVIDER_TOKEN}` }),
    ]);
    const { userErrors } = await sync();
    expect(userErrors).toMatchObject([{ code: 'INVALID' }]);
    const after = await channelRow();
    expect(after.syncError).toContain('Malformed access token …');
    expect(JSON.stringify([after, userErrors])).not.toContain(PROVIDER_TOKEN);
    expect(after).toEqual({
      ...before,
      syncLastAttemptAt: after.syncLastAttemptAt,
      syncError: after.syncError,
    });
    expect(await context.rows.count(TemplateRow, sql`status = 'APPROVED'`)).toBe(3);
    expect(await sync()).toMatchObject({ userErrors: [], channel: { syncError: null } });
  });

  test('is joined by a second call, in the same process and from another node', async () => {
    let release = (): void => undefined;
    provider.answerTemplates([
      answers.delay(
        new Promise<void>((resolve) => (release = resolve)),
        answers.rawBody(200, JSON.stringify({ data: LISTED_TEMPLATES })),
      ),
    ]);
    // The last thing that a call reads before it begins a sync or joins one.
    const bothAreThere = answeredReads(node.platform.store, '(bot_id in (', 2);
    const first = sync();
    const second = sync();
    await bothAreThere;
    await provider.waitForCalls(1);
    // A second SQLite server on one file is refused, so that there the lease is held against a platform of the same store.
    const other = engine === 'postgres' ? await openPlatform(database.url, provider.url, clock) : null;
    // Who finds the lease taken looks again a second later.
    let looksAgain = (): void => undefined;
    const hasFoundItTaken = new Promise<void>((resolve) => (looksAgain = resolve));
    const watched: Clock = {
      now: () => clock.now(),
      elapsed: () => clock.elapsed(),
      after(delay, work) {
        if (delay === SECOND) looksAgain();
        return clock.after(delay, work);
      },
    };
    const elsewhere = refreshTemplates(
      { ...(other?.platform ?? node.platform), clock: watched },
      channel.contractId,
      channel.id,
    );
    await hasFoundItTaken;
    release();
    const counts = { added: 3, updated: 0, removed: 0 };
    expect(await first).toMatchObject(counts);
    expect(await second).toMatchObject(counts);
    expect(await elsewhere).toEqual({ succeeded: true, ...counts });
    expect(provider.calls).toHaveLength(1);
    await other?.close();
  });

  test('takes over from a node that died', async () => {
    await node.platform.store.transact(channel.contractId, (transaction) =>
      transaction.update(WhatsAppChannelRow, { syncLeaseUntil: clock.now() + 800 }, sql`id = ${channel.id}`),
    );
    expect(await sync()).toMatchObject({ added: 3 });
  });

  test('leaves alone what a webhook changed after it began', async () => {
    await sync();
    let release = (): void => undefined;
    const stale = answers.rawBody(200, JSON.stringify({ data: LISTED_TEMPLATES }));
    provider.answerTemplates([answers.delay(new Promise<void>((resolve) => (release = resolve)), stale)]);
    const running = sync();
    await provider.waitForCalls(2);
    await apply({
      kind: 'template-status',
      name: 'sale',
      event: 'PAUSED',
      status: TemplateStatus.PAUSED,
      reason: null,
      category: null,
    });
    release();
    await running;
    expect(await rowNamed('sale')).toMatchObject({ status: TemplateStatus.PAUSED });
    await sync();
    expect(await rowNamed('sale')).toMatchObject({ status: TemplateStatus.APPROVED });
  });

  test('disables what came back, and what has other blanks', async () => {
    await sync();
    await enable('hello', 'sale', 'order_update');
    const [order, hello, sale] = LISTED_TEMPLATES;
    provider.templates(ACCOUNT, [
      order!,
      { ...sale, components: [{ type: 'BODY', text: 'Nothing to fill.' }] },
    ]);
    await sync();
    expect(await activationOf(await rowNamed('hello'))).toMatchObject({ enabled: true });
    expect(await activationOf(await rowNamed('sale'))).toMatchObject({ enabled: false });
    provider.templates(ACCOUNT, [order!, hello!]);
    await sync();
    expect(await activationOf(await rowNamed('hello'))).toMatchObject({ enabled: false });
    expect(await activationOf(await rowNamed('order_update'))).toMatchObject({ enabled: true });
  });

  test('runs every hour by itself, and survives errors', async () => {
    const schedule = new TemplateSyncSchedule(node.platform);
    schedule.start();
    provider.answerTemplates([answers.error(1, 500)]);
    clock.advance(HOUR);
    await eventually(channelRow, ({ syncError }) => syncError !== null);
    await eventually(
      async () => {
        clock.advance(HOUR);
        return (await channelRow()).syncLastSuccessAt;
      },
      (at) => at !== null,
    );
    await schedule.stop();
    expect(await context.rows.count(TemplateRow, sql`1 = 1`)).toBe(3);
  });
});

describe('rule 7: template webhooks', () => {
  test('apply at once, by the id as text or by name and language', async () => {
    await sync();
    await apply({
      kind: 'template-quality',
      name: 'renamed',
      providerTemplateId: '900000000000003',
      qualityScore: 'RED',
    });
    await apply({
      kind: 'template-category',
      name: 'sale',
      category: 'UTILITY',
      providerCategory: 'UTILITY',
    });
    expect(await rowNamed('sale')).toMatchObject({ qualityScore: 'RED', category: 'UTILITY' });
    await expect(
      apply({ kind: 'template-quality', name: 'nobody_knows', qualityScore: 'RED' }),
    ).rejects.toThrow('not known');
  });

  test('with other blanks disable the template, and have it fetched anew', async () => {
    await sync();
    await enable('sale');
    const buttons = { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'Stop' }] };
    const body = { type: 'BODY', text: '{{1}} e {{2}}' };
    let release = (): void => undefined;
    const listed = { data: [{ ...LISTED_TEMPLATES[2], components: [body, buttons] }] };
    const anew = answers.rawBody(200, JSON.stringify(listed));
    provider.answerTemplates([answers.delay(new Promise<void>((resolve) => (release = resolve)), anew)]);
    await apply({
      kind: 'template-components',
      name: 'sale',
      content: { message_template_element: '{{1}} e {{2}}' },
    });
    expect(await rowNamed('sale')).toMatchObject({ components: [{ text: '{{1}} e {{2}}' }] });
    expect(await activationOf(await rowNamed('sale'))).toMatchObject({ enabled: false });
    release();
    await eventually(
      () => rowNamed('sale'),
      ({ components }) => components.length === 2,
    );
    await eventually(channelRow, ({ syncLeaseUntil }) => syncLeaseUntil === null);
  });
});

test('rule 18: the template part of the checks tells every reason', async () => {
  await sync();
  const hello = await rowNamed('hello');
  const named = () => namedTemplate(context.rows, bot.id, hello.id);
  const codesOf = async (channelId = channel.id) =>
    sendableTemplateErrors(await named(), channelId, ['input', 'templateId']).map(({ code }) => code);
  expect(await codesOf()).toEqual(['TEMPLATE_NOT_ENABLED']);
  await enable('hello');
  expect(await codesOf()).toEqual([]);
  expect(await named()).toMatchObject({
    template: { id: hello.id },
    activation: { returnBlockId: SERVICE_BLOCK },
  });
  expect(await codesOf('chn_other')).toEqual(['TEMPLATE_OF_OTHER_NUMBER']);
  await publishFlow(context, { botId: bot.id, definition: flowOf('desk:other') });
  expect(await codesOf()).toEqual(['RETURN_FLOW_OUTDATED']);
  await updateReturnFlow(context, { botId: bot.id, templateIds: null, returnBlockId: 'desk:other' });
  expect(await codesOf()).toEqual([]);
});
