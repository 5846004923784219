import path from 'node:path';
import serveFiles from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { Platform } from '../../services/context';
import { isSandboxAnywhere } from '../../services/sandbox/access';

/** The page's files as they are: the same place from `src/server/sandbox` as from `dist/server/sandbox`. */
const FOLDER = path.resolve(__dirname, '../../../sandbox');
const PAGE = '/sandbox';
const FILES = '/sandbox/page/';
/** What the browser needs; types and settings for editors stand beside. */
const BROWSER_FILE = /\.(?:html|js|css|svg|png)$/;

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const NO_SANDBOX = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Saludo sandbox</title>
<h1>There is no sandbox here</h1>
<p>It shows the phones of the customers of a sandbox number, and no such number is connected. An admin connects one with
<code>connectWhatsAppChannel(input: { botId: …, phoneNumber: …, sandbox: true })</code>. Then load this page again.</p>
</html>
`;

/** The framework's file: one module without anything to build. */
function frameworkFile(): { name: string; folder: string } {
  // The package says where its own main file is, but of this one names a place where it is not.
  const folder = path.resolve(path.dirname(require.resolve('htm')), '../preact');
  return { name: 'standalone.module.js', folder };
}

/** The customers' phones, wherever a sandbox number is connected. */
export async function serveSandboxPage(app: FastifyInstance, platform: Platform): Promise<void> {
  await app.register(async (scope) => {
    // After the rate limit, which is an `onRequest` of each route: the database is asked.
    scope.addHook('preParsing', async (_request, reply) => {
      // Kept, but asked about each time: the files keep their names when they change.
      void reply.headers({ 'content-security-policy': CONTENT_SECURITY_POLICY, 'cache-control': 'no-cache' });
      if (await isSandboxAnywhere(platform)) return;
      await reply.code(404).type('text/html; charset=utf-8').send(NO_SANDBOX);
    });
    await scope.register(serveFiles, {
      root: FOLDER,
      prefix: FILES,
      index: false,
      cacheControl: false,
      allowedPath: (name) => BROWSER_FILE.test(name),
    });
    scope.get(PAGE, (_request, reply) => reply.sendFile('index.html'));
    scope.get(`${PAGE}/`, (_request, reply) => reply.redirect(PAGE));
    scope.get(`${FILES}htm.js`, (_request, reply) => {
      const { name, folder } = frameworkFile();
      return reply.sendFile(name, folder);
    });
  });
}
