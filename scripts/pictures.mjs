// Makes the pictures of docs/pictures from the demo as it is served: npm run pictures
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { ensureBuilt } from './build.mjs';

const root = path.resolve(import.meta.dirname, '..');
const target = path.join(root, 'docs', 'pictures');
const size = { width: 1280, height: 800 };
/** What moves is given the time to come to rest. */
const REST = 1_000;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A server with a demo of its own, once it is ready. */
async function startServer(folder) {
  const port = await freePort();
  const child = spawn(process.execPath, [path.join(root, 'dist', 'main.js')], {
    env: {
      ...process.env,
      PORT: String(port),
      DATABASE_URL: `sqlite:${path.join(folder, 'demo.db')}`,
      SEED_DEMO: 'true',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://localhost:${port}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error('The server did not start');
    const ready = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return { url, child };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function run(page, title) {
  await page.getByRole('button', { name: title, exact: true }).click();
  await page.waitForTimeout(REST);
  await page.getByRole('button', { name: /^Execute/ }).click();
  await page.waitForTimeout(2 * REST);
}

async function take(context, url) {
  const explorer = await context.newPage();
  await explorer.goto(url);
  await explorer.locator('summary').click();
  await explorer.getByRole('button', { name: /^Bruno Teixeira/ }).click();
  await run(explorer, 'Come to the desk');
  await run(explorer, 'Send an active message');
  await explorer.screenshot({ path: path.join(target, 'explorer.png') });

  const phones = await context.newPage();
  await phones.goto(`${url}/sandbox`);
  await phones.getByRole('button', { name: /^Ana Ribeiro/ }).click();
  await phones.locator('li[data-wa-id] button').first().click();
  await phones.getByRole('group', { name: 'Buttons' }).last().getByRole('button').first().click();
  await phones.waitForTimeout(2 * REST);
  await phones.screenshot({ path: path.join(target, 'sandbox.png') });
}

await ensureBuilt();
mkdirSync(target, { recursive: true });
const folder = mkdtempSync(path.join(tmpdir(), 'saludo-pictures-'));
const { url, child } = await startServer(folder);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
});
try {
  await take(await browser.newContext({ viewport: size }), url);
} finally {
  await browser.close();
  child.kill();
  await once(child, 'exit');
  rmSync(folder, { recursive: true, force: true });
}
