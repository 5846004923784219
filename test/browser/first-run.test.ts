import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { Browser } from '../kit/browser';
import { createTestDatabase, type TestDatabase } from '../kit/database';
import { freePort } from '../kit/free-port';
import { ServerProcess } from '../kit/process';

const ROOT = path.resolve(__dirname, '../..');
/** A picture of one pixel. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** A browser takes its time where machines are busy. */
jest.setTimeout(120_000);

let database: TestDatabase;
let environment: Record<string, string>;
let server: ServerProcess;
let browser: Browser;

beforeAll(async () => {
  execFileSync(process.execPath, [path.join(ROOT, 'scripts/explorer.mjs')], { stdio: 'pipe' });
  database = await createTestDatabase({ empty: true });
  environment = { DATABASE_URL: database.url, PORT: String(await freePort()), SEED_DEMO: 'true' };
  server = await ServerProcess.start(environment);
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});
beforeEach(async () => {
  browser = await Browser.open(server.url);
});
afterEach(async () => {
  await browser.close();
});

async function explorerOf(person: string): Promise<Page> {
  const page = await browser.page('/');
  await page.locator('summary').click();
  await page.getByRole('button', { name: new RegExp(`^${person}`) }).click();
  await page.locator('.who', { hasText: person }).waitFor();
  await page.waitForLoadState('networkidle');
  return page;
}

/** Opens a ready operation in a tab, and runs it as it is. */
async function run(page: Page, title: string, operation: string): Promise<void> {
  await page.getByRole('button', { name: title, exact: true }).click();
  await page.locator('.graphiql-tab-active', { hasText: operation }).waitFor();
  await page.getByRole('button', { name: /^Execute/ }).click();
}

type Expected = string | RegExp;

/** What the latest of my sends has become, in the answer of "My sends". */
const latestIs = (status: string): RegExp => new RegExp(`^(?:(?!"status")[^])*"status": "${status}"`);

/** Waits until the server's answer has all of this in it; the editor shows blanks of its own kind. */
async function answer(page: Page, ...words: Expected[]): Promise<void> {
  await answerAfter(() => page.waitForTimeout(50), page, words);
}

/** Runs a query again and again, until the server answers with these words. */
async function answerInTheEnd(page: Page, ...words: Expected[]): Promise<void> {
  const again = async (): Promise<void> => {
    await page.getByRole('button', { name: /^Execute/ }).click();
    await page.waitForTimeout(500);
  };
  await answerAfter(again, page, words);
}

async function answerAfter(pause: () => Promise<void>, page: Page, words: Expected[]): Promise<void> {
  const shown = async (): Promise<string> =>
    (await page.locator('.graphiql-response').innerText()).replace(/\u00a0/g, ' ');
  const end = Date.now() + 20_000;
  let text = await shown();
  while (!words.every((word) => (typeof word === 'string' ? text.includes(word) : word.test(text)))) {
    if (Date.now() > end)
      throw new Error(`Waited in vain for ${words.map(String).join(' and ')} in: ${text}`);
    await pause();
    text = await shown();
  }
}

async function phonesOf(person: string): Promise<Page> {
  const page = await browser.page('/sandbox');
  await page.getByRole('button', { name: new RegExp(`^${person}`) }).click();
  await page.locator('[data-live=LIVE]').waitFor();
  return page;
}

test('the five minutes: an agent sends, the customer answers, the ticket arrives live', async () => {
  const desk = await explorerOf('Bruno Teixeira');
  await run(desk, 'Come to the desk', 'GoOnline');
  await answer(desk, '"presence": "ONLINE"');
  const ear = await explorerOf('Bruno Teixeira');
  await run(ear, 'Replies to active messages', 'Replies');
  await ear.locator('.connection-connected').waitFor();

  const phones = await phonesOf('Ana Ribeiro');
  await run(desk, 'Send an active message', 'SendActiveMessage');
  await answer(desk, '"status": "QUEUED"', '"userErrors": []');

  await run(desk, 'My sends', 'MySends');
  await answerInTheEnd(desk, latestIs('DELIVERED'));
  // The conversation that moved last stands first.
  await phones.locator('li[data-wa-id] button').first().click();
  const message = phones.locator('[data-kind=template]').last();
  await phones.locator('[data-kind=template][data-status=DELIVERED]').last().waitFor();
  await phones.getByRole('button', { name: /^Mark read/ }).click();
  await phones.locator('[data-kind=template][data-status=READ]').last().waitFor();
  await message.getByRole('group', { name: 'Buttons' }).getByRole('button').first().click();
  await phones.locator('[data-direction=FROM_CUSTOMER][data-kind=button]').last().waitFor();
  await answer(ear, '"replyRouted"', '"matchedBy": "QUOTED"', '"name": "Bruno Teixeira"');

  await phones.getByLabel('File to attach').setInputFiles({
    name: 'receipt.png',
    mimeType: 'image/png',
    buffer: PICTURE,
  });
  await phones.getByRole('button', { name: 'Send', exact: true }).click();
  await phones.locator('[data-direction=FROM_CUSTOMER][data-kind=image] img').last().waitFor();
  await run(desk, 'My tickets, with their messages', 'MyTickets');
  await answer(desk, '"kind": "image"', '"status": "OPEN"');
  expect(browser.offences).toEqual([]);
});

test('a subscription goes on where it was when the server is killed and comes back', async () => {
  const ear = await explorerOf('Ana Ribeiro');
  await run(ear, 'Who comes and goes', 'PresenceOfAgents');
  await ear.locator('.connection-connected').waitFor();
  const desk = await explorerOf('Camila Duarte');
  await run(desk, 'Come to the desk', 'GoOnline');
  await answer(ear, '"presence": "ONLINE"', '"name": "Camila Duarte"');
  await server.kill();
  await ear.locator('.connection-reconnecting').waitFor();
  server = await ServerProcess.start(environment);
  await ear.locator('.connection-connected').waitFor();
  await run(await explorerOf('Diego Salas'), 'Come to the desk', 'GoOnline');
  await answer(ear, '"presence": "ONLINE"', '"name": "Diego Salas"');
  // The browser itself says that the server was away; nothing else may be said.
  expect(browser.offences.filter((offence) => !/WebSocket connection to .* failed/.test(offence))).toEqual(
    [],
  );
});

test('a control that was set stays set, though the server answers a change before it late', async () => {
  const phones = await phonesOf('Ana Ribeiro');
  const path = '**/channels/*/controls';
  let answerLate = (): void => undefined;
  const late = new Promise<void>((resolve) => (answerLate = resolve));
  let changes = 0;
  let begun = (): void => undefined;
  const second = new Promise<void>((resolve) => (begun = resolve));
  await phones.route(path, async (route) => {
    const number = (changes += 1);
    // What the server says of the first change is said while the second one is asked for.
    if (number === 2) begun();
    const response = await (number === 1 ? route.fetch() : late.then(() => route.fetch()));
    if (number === 1) await second;
    await route.fulfill({ response });
  });
  const [twice, byHand] = ['2', 'By hand'].map((name) => phones.getByRole('radio', { name, exact: true }));
  const answered = phones.waitForResponse(path);
  await twice?.check({ force: true });
  await byHand?.check({ force: true });
  await answered;
  // Whatever the answer changes is on the page by the next frame.
  await phones.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 100)))');
  expect([await twice?.isChecked(), await byHand?.isChecked()]).toEqual([true, true]);
  const answeredAgain = phones.waitForResponse(path);
  answerLate();
  await answeredAgain;
  await phones.getByRole('radio', { name: '1', exact: true }).check({ force: true });
  await phones.getByRole('radio', { name: 'By themselves' }).check({ force: true });
  await phones.unrouteAll({ behavior: 'wait' });
});

test('a refusal and a failure with chosen codes reach the desk, though every webhook comes three times', async () => {
  const phones = await phonesOf('Ana Ribeiro');
  await phones.getByLabel('Refuse the next message with').selectOption('131026');
  await phones.locator('.armed', { hasText: '131026' }).waitFor();
  const desk = await explorerOf('Bruno Teixeira');
  await run(desk, 'Come to the desk', 'GoOnline');
  await answer(desk, '"presence": "ONLINE"');
  await run(desk, 'Send an active message', 'SendActiveMessage');
  await answer(desk, '"status": "QUEUED"');
  await phones.getByText('For one message').waitFor();
  await run(desk, 'My sends', 'MySends');
  await answerInTheEnd(desk, latestIs('FAILED'), '"code": "UNDELIVERABLE"');

  // The next one is taken, and fails on its way; every webhook comes three times.
  await phones.getByRole('radio', { name: '3', exact: true }).check({ force: true });
  await phones.getByRole('radio', { name: 'By hand' }).check({ force: true });
  await run(desk, 'Send an active message', 'SendActiveMessage');
  await answer(desk, '"status": "QUEUED"');
  await run(desk, 'My sends', 'MySends');
  await answerInTheEnd(desk, latestIs('SENT'));
  await phones.locator('li[data-wa-id] button').first().click();
  await phones.locator('[data-status=SENT] [aria-haspopup=menu]').last().click();
  await phones.getByRole('menuitem', { name: 'Fail with code…' }).click();
  await phones.getByRole('radio', { name: /^131049/ }).check();
  await phones.getByRole('button', { name: 'Fail', exact: true }).click();
  await phones.locator('[data-failure="131049"]').waitFor();
  await run(desk, 'My sends', 'MySends');
  await answerInTheEnd(desk, latestIs('FAILED'), '"code": "RESTRICTED"');
  expect(browser.offences).toEqual([]);
});
