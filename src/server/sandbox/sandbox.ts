import type { FastifyInstance } from 'fastify';
import type { Platform } from '../../services/context';
import type { Masking } from '../masking';
import type { Seen } from '../request-context';
import { serveSandboxGraph } from './graph-doors';
import { serveSandboxPage } from './page';
import { serveSandboxApi } from './page-api';

/** Everything of the sandbox: the provider's side, the customers' phones, and what their page asks. */
export async function serveSandbox(
  app: FastifyInstance,
  platform: Platform,
  masking: Masking,
  seen: Seen,
): Promise<void> {
  await serveSandboxGraph(app, platform, masking);
  await serveSandboxPage(app, platform);
  await serveSandboxApi(app, platform, seen);
}
