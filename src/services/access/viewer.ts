import type { AgentRow } from '../../entities/agent';
import type { ApiKeyRow } from '../../entities/api-key';
import { Role } from '../../entities/enums';

/** Whoever makes a request: a person with a token, or a machine with an API key. */
export type Viewer =
  | { readonly contractId: string; readonly agent: AgentRow; readonly apiKey: null }
  | { readonly contractId: string; readonly agent: null; readonly apiKey: ApiKeyRow };

/** The id of the person or the key: what idempotency keys and rates belong to. */
export function callerId(viewer: Viewer): string {
  return viewer.agent ? viewer.agent.id : viewer.apiKey.id;
}

export function isAdmin(viewer: Viewer): boolean {
  return viewer.agent?.role === Role.ADMIN;
}
