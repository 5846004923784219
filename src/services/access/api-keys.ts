import { createHash, randomBytes } from 'node:crypto';
import sql from 'sql-template-tag';
import { ApiKeyRow } from '../../entities/api-key';
import { ApiKeyScope, UserErrorCode } from '../../entities/enums';
import { newId } from '../../entities/ids';
import { authorize } from './access';
import { audit, differences } from './audit';
import { found, textError } from '../bounded-text';
import type { ServiceContext } from '../context';
import { made, refused, userError, type Outcome, type UserError } from '../outcome';
import { visible } from './visibility';

/** What every key begins with, so that it is recognised where it lies about. */
const KEY_PREFIX = 'sal_';
const KEY_BYTES = 32;
const HINT_LENGTH = 8;

/** What is kept of a key: enough to recognise it by, and of no use to anybody who reads it. */
export function apiKeyHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** All keys of the contract, also revoked ones; the latest first. */
export function listApiKeys(context: ServiceContext): Promise<ApiKeyRow[]> {
  const where = visible(context.viewer, 'ApiKey');
  return context.rows.find(ApiKeyRow, { where, orderBy: sql`created_at desc, id desc` });
}

function scopesError(scopes: readonly ApiKeyScope[]): UserError | null {
  if (scopes.length > 0) return null;
  const message = `A key without a scope is good for nothing: give at least one of ${Object.values(ApiKeyScope).join(', ')}.`;
  return userError(UserErrorCode.INVALID, message, ['input', 'scopes']);
}

/** Makes a key. The secret is in this answer alone: only its hash is stored. */
export async function createApiKey(
  context: ServiceContext,
  input: { name: string; scopes: ApiKeyScope[] },
): Promise<Outcome<{ apiKey: ApiKeyRow; secret: string }>> {
  authorize(context.viewer, 'api-keys.change');
  const name = input.name.trim();
  const scopes = Object.values(ApiKeyScope).filter((scope) => input.scopes.includes(scope));
  const errors = found(textError(name, ['input', 'name']), scopesError(scopes));
  if (errors.length > 0) return refused(...errors);
  const secret = `${KEY_PREFIX}${randomBytes(KEY_BYTES).toString('base64url')}`;
  return context.transact(async (transaction) => {
    const apiKey: ApiKeyRow = {
      id: newId('ApiKey'),
      contractId: context.contractId,
      name,
      scopes,
      hash: apiKeyHash(secret),
      hint: secret.slice(0, HINT_LENGTH),
      createdById: context.viewer.agent?.id ?? null,
      createdAt: transaction.now,
      lastUsedAt: null,
      revokedAt: null,
    };
    await transaction.insert(ApiKeyRow, apiKey);
    const changes = differences<Partial<ApiKeyRow>>({}, { name, scopes });
    await audit(transaction, context.viewer, 'createApiKey', apiKey.id, changes);
    return made({ apiKey, secret });
  });
}

/** Makes a key good for nothing, and closes its sockets. One that is revoked already stays so. */
export async function revokeApiKey(
  context: ServiceContext,
  input: { apiKeyId: string },
): Promise<Outcome<{ apiKey: ApiKeyRow }>> {
  authorize(context.viewer, 'api-keys.change');
  return context.transact(async (transaction) => {
    const apiKey = await transaction.lock(ApiKeyRow, input.apiKeyId);
    if (!apiKey) {
      const message = 'There is no such API key: take an id that `apiKeys` lists.';
      return refused(userError(UserErrorCode.NOT_FOUND, message, ['input', 'apiKeyId']));
    }
    if (apiKey.revokedAt !== null) return made({ apiKey });
    const changes = { revokedAt: transaction.now };
    await transaction.change(ApiKeyRow, changes, sql`id = ${apiKey.id}`);
    await audit(transaction, context.viewer, 'revokeApiKey', apiKey.id, differences(apiKey, changes));
    transaction.record('CallerRevoked', { callerId: apiKey.id });
    return made({ apiKey: { ...apiKey, ...changes } });
  });
}
