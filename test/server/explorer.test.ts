import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { explorerPage } from '../../src/server/explorer';
import { TestApp } from '../kit/app';

const ROOT = path.resolve(__dirname, '../..');
let app: TestApp;

beforeAll(async () => {
  // Builds only what is stale: mostly nothing.
  const building = promisify(execFile)(process.execPath, [path.join(ROOT, 'scripts/explorer.mjs')]);
  [app] = await Promise.all([TestApp.start(), building]);
}, 60_000);
afterAll(() => app.stop());

const get = (address: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${app.url}${address}`, { headers, redirect: 'manual' });

const page = (): Promise<Response> =>
  get('/graphql', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });

/** The files that the page asks for. */
async function filesOfPage(): Promise<string[]> {
  const text = await (await page()).text();
  return [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
}

describe('the explorer', () => {
  test('the bare address leads to it', async () => {
    const { status, headers } = await get('/');
    expect(status).toBe(302);
    expect(headers.get('location')).toBe('/graphql');
  });

  test('a browser gets the page, a program gets the API', async () => {
    const { status, headers } = await page();
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('vary')).toContain('accept');
    const program = await get('/graphql', { accept: 'application/json' });
    expect(program.headers.get('content-type')).toContain('application/json');
  });

  test('its policy lets nothing in from elsewhere, and no script within the page', async () => {
    const response = await page();
    const policy = Object.fromEntries(
      (response.headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources];
      }),
    );
    expect(policy).toMatchObject({
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'connect-src': ["'self'"],
      'worker-src': ["'self'"],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
    });
    const elsewhere = Object.values(policy)
      .flat()
      .filter((source) => !["'none'", "'self'", "'unsafe-inline'", 'data:'].includes(source));
    expect(elsewhere).toEqual([]);
    const text = await response.text();
    expect(text).toContain('<script type="module" src="/explorer/main-');
    expect(text).not.toMatch(/<script(?![^>]* src=)/);
    expect(text).not.toMatch(/https?:\/\//);
  });

  test('its files are kept for a year, compressed, and do not count against the rate', async () => {
    const files = await filesOfPage();
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const compressed = await get(file, { 'accept-encoding': 'gzip' });
      const plain = await get(file, { 'accept-encoding': 'identity' });
      expect({ file, status: plain.status }).toEqual({ file, status: 200 });
      expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(plain.headers.get('vary')).toBe('accept-encoding');
      expect(plain.headers.get('x-ratelimit-limit')).toBeNull();
      expect(plain.headers.get('content-encoding')).toBeNull();
      const content = Buffer.from(await plain.arrayBuffer());
      // `fetch` undoes the compression.
      expect(Buffer.from(await compressed.arrayBuffer()).equals(content)).toBe(true);
      expect(compressed.headers.get('content-type')).toBe(plain.headers.get('content-type'));
      if (content.length > 2_000) expect(compressed.headers.get('content-encoding')).toBe('gzip');
    }
  });

  test.each(['/explorer/', '/explorer/index.html', '/explorer/nothing-ABCDEFGH.js', '/explorer/..%2f.built'])(
    'there is nothing else: %s',
    async (address) => {
      const response = await get(address);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    },
  );

  test('where it was not built the page says what to do', async () => {
    const empty = await mkdtemp(path.join(tmpdir(), 'explorer-'));
    try {
      expect(await explorerPage(empty)).toContain('npm run build');
    } finally {
      await rm(empty, { recursive: true });
    }
  });
});
