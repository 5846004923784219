import { readFile } from 'node:fs/promises';
import path from 'node:path';
import serveFiles from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DAY } from '../clock';

/** Where the build puts the explorer: the same place from `src/server` as from `dist/server`. */
const FOLDER = path.resolve(__dirname, '../../dist/explorer');
const FILES = '/explorer/';
const HASHED_NAME = /^\/[\w.-]+-[A-Z0-9]{8}\.\w+$/;
const A_YEAR = 365 * DAY;

/**
 * What the page may load: its own files, and nothing from anywhere else.
 * - styles within the page: the editor positions every line by them
 * - `data:`: GraphiQL's fonts and the editor's small pictures stand in its styles
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page where the sources run without a build. */
const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Saludo</title>
<h1>The explorer is not built</h1>
<p>Run <code>npm run build</code> and load this page again. The API itself takes POST requests at this address.</p>
</html>
`;

/** The page as it was built into this folder; where it was not, one that says what to do. */
export async function explorerPage(folder = FOLDER): Promise<string> {
  try {
    return await readFile(path.join(folder, 'index.html'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOT_BUILT;
    throw error;
  }
}

/** Whether a browser asks for a page, not a program for data. */
export function prefersPage({ method, headers }: Pick<FastifyRequest, 'headers' | 'method'>): boolean {
  return method === 'GET' && (headers.accept ?? '').includes('text/html');
}

/** Answers with the explorer. */
export async function sendExplorer(reply: FastifyReply): Promise<FastifyReply> {
  return reply
    .type('text/html; charset=utf-8')
    .headers({ 'content-security-policy': CONTENT_SECURITY_POLICY, vary: 'accept' })
    .send(await explorerPage());
}

/** The explorer's files, whose names change with what is in them, and the way from `/` to its page. */
export async function serveExplorer(app: FastifyInstance, pageAddress: string): Promise<void> {
  app.get('/', (_request, reply) => reply.redirect(pageAddress));
  await app.register(serveFiles, {
    root: FOLDER,
    prefix: FILES,
    index: false,
    // The page itself has no hash in its name, and is served at its own address alone.
    allowedPath: (name) => HASHED_NAME.test(name),
    preCompressed: true,
    decorateReply: false,
    maxAge: A_YEAR,
    immutable: true,
    setHeaders: (response) => {
      response.setHeader('vary', 'accept-encoding');
    },
  });
}
