import type { FastifyInstance } from 'fastify';
import { notFound } from '../problems';
import type { Platform } from '../services/context';
import { demoPeople } from '../services/demo/demo-people';

const OWN_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether a request was addressed to this machine, or to where this server is known: another site's name that leads
 * here (DNS rebinding) is told nothing.
 */
function isAddressedHere(platform: Platform, host: string | undefined): boolean {
  const asked = URL.parse(`http://${host ?? ''}`);
  if (asked === null) return false;
  const known = platform.config.publicUrl === null ? null : new URL(platform.config.publicUrl).host;
  return OWN_NAMES.has(asked.hostname) || host?.toLowerCase() === known;
}

/** `/demo/people`: whom one may sign in as to try everything on; there only where a demo contract is. */
export function serveDemo(app: FastifyInstance, platform: Platform): void {
  app.get('/demo/people', async (request) => {
    const people = isAddressedHere(platform, request.headers.host) ? await demoPeople(platform) : [];
    if (people.length === 0) throw notFound('There is no demo here: nobody can be signed in as.');
    return { people };
  });
}
