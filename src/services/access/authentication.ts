import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  SignJWT,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import sql, { empty, type Sql } from 'sql-template-tag';
import { MINUTE, SECOND } from '../../clock';
import type { Rows } from '../../database/rows';
import { AgentRow } from '../../entities/agent';
import { ApiKeyRow } from '../../entities/api-key';
import { unauthenticated, type Problem } from '../../problems';
import { apiKeyHash } from './api-keys';
import type { Platform } from '../context';
import type { Viewer } from './viewer';

const API_KEY = /^sal_[A-Za-z0-9_-]{43}$/;
const EMAIL = /^[^\s@]+@[^\s@]+$/;
/** Longer than any token of ours or of an identity provider: nothing beyond is looked at. */
const LONGEST_TOKEN = 16_384;
const CLOCK_TOLERANCE = 5 * SECOND;

/** Who asks, and until when that holds: null where it does not end by itself. */
export interface Authentication {
  readonly viewer: Viewer;
  readonly expiresAt: number | null;
}

/** How long keys that could not be fetched are not asked for again: else every token that comes would ask. */
const FETCH_PAUSE = 5 * SECOND;

interface KeySet {
  /** It fetches its keys once, and again when an unknown one is named, but not twice within half a minute. */
  readonly keys: ReturnType<typeof createRemoteJWKSet>;
  failure: { readonly error: unknown; readonly until: number } | null;
}
/** Kept for the life of the process. */
const keySets = new Map<string, KeySet>();

function keySetAt(url: string): KeySet {
  const keySet = keySets.get(url) ?? { keys: createRemoteJWKSet(new URL(url)), failure: null };
  keySets.set(url, keySet);
  return keySet;
}

/** The key that a token names; while fetching pauses, among those that are known and not too old. */
function keyOf(keySet: KeySet, now: number): JWTVerifyGetKey {
  return async (header, token) => {
    const { keys, failure } = keySet;
    if (failure && now < failure.until) {
      const known = keys.fresh ? keys.jwks() : undefined;
      if (!known) throw failure.error;
      return createLocalJWKSet(known)(header, token);
    }
    try {
      return await keys(header, token);
    } catch (error) {
      if (saysNothingOfToken(error)) keySet.failure = { error, until: now + FETCH_PAUSE };
      throw error;
    }
  };
}

/** A key set that cannot be fetched, or is none. */
function saysNothingOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    !(error instanceof errors.JOSEError) ||
    error.code === 'ERR_JOSE_GENERIC'
  );
}

/** One answer for an agent that never was and one that was deactivated, so that neither can be told from the other. */
const noSuchAgent = (): Problem =>
  unauthenticated('This token names no active agent: sign in as one, or ask an admin to activate you.');

const noSuchKey = (): Problem =>
  unauthenticated('This API key is unknown or was revoked: ask an admin for another.');

function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired)
    return unauthenticated('The token has expired: sign in again for a fresh one.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return unauthenticated(
      `The token's claim \`${error.claim}\` is missing or not what this server accepts: sign in again.`,
    );
  }
  if (saysNothingOfToken(error)) return error;
  return unauthenticated('The token is not signed by whom this server trusts: sign in again.');
}

/** A token that was found good is taken for good so long: verifying costs more than all else of a small request. */
const VERIFIED_FOR = MINUTE;
const MOST_VERIFIED = 10_000;

interface Verified {
  readonly claims: JWTPayload;
  readonly since: number;
  readonly until: number;
  /** Whom it belonged to when that was last looked at, by their contracts. */
  readonly agents: Map<string, AgentRow>;
}
const verifiedBy = new WeakMap<Platform['config'], Map<string, Verified>>();

/** What is known of a token that was found good a short while ago. */
function knownOf({ config, clock }: Platform, token: string): Verified | null {
  const now = clock.now();
  const known = verifiedBy.get(config)?.get(token);
  // Where the clock was set back, what is good from some instant on may not be good yet.
  return known && known.since <= now && now < known.until ? known : null;
}

/** What a token says, where it is good. */
async function verifiedOf(platform: Platform, token: string): Promise<Verified> {
  const known = knownOf(platform, token);
  if (known) return known;
  const { config, clock } = platform;
  const verified = verifiedBy.get(config) ?? new Map<string, Verified>();
  verifiedBy.set(config, verified);
  verified.delete(token);
  const now = clock.now();
  const claims = await verify(platform, token);
  const expiry = (claims.exp ?? 0) * SECOND + CLOCK_TOLERANCE;
  const found = { claims, since: now, until: Math.min(expiry, now + VERIFIED_FOR), agents: new Map() };
  verified.set(token, found);
  const [oldest] = verified.keys();
  if (verified.size > MOST_VERIFIED && oldest !== undefined) verified.delete(oldest);
  return found;
}

async function verify(platform: Platform, token: string): Promise<JWTPayload> {
  const { secret, jwksUrl, issuer, audience } = platform.config.auth;
  const options = {
    ...(issuer !== null && { issuer }),
    ...(audience !== null && { audience }),
    requiredClaims: ['exp'],
    clockTolerance: CLOCK_TOLERANCE / SECOND,
    currentDate: new Date(platform.clock.now()),
  };
  try {
    // Each way of verifying has its own algorithms, so that a public key never passes for a shared secret.
    const algorithm = decodeProtectedHeader(token).alg;
    if (secret !== null && (algorithm === 'HS256' || jwksUrl === null)) {
      const key = new TextEncoder().encode(secret);
      return (await jwtVerify(token, key, { ...options, algorithms: ['HS256'] })).payload;
    }
    if (jwksUrl === null) throw new Error('No way to verify tokens is configured');
    const key = keyOf(keySetAt(jwksUrl), platform.clock.now());
    return (await jwtVerify(token, key, { ...options, algorithms: ['RS256', 'ES256'] })).payload;
  } catch (error) {
    // Thrown by the decoder for text that is no token at all.
    throw error instanceof TypeError && /Token|JWT|JWS/.test(error.message)
      ? unauthenticated('This is no token: send `Authorization: Bearer` with a JWT or an API key.')
      : refusalOf(error);
  }
}

function emailIn(claims: JWTPayload): string {
  const named = [claims['email'], claims.sub].find(
    (claim): claim is string => typeof claim === 'string' && EMAIL.test(claim),
  );
  if (named === undefined) {
    throw unauthenticated('The token names nobody: its claim `email` must be the address of an agent.');
  }
  return named.toLowerCase();
}

const NOT_OF_DEMO = sql` and not exists (select 1 from contracts where contracts.id = contract_id and demo = 1)`;

/** The demo signs in without a password: in production nobody of it does, whatever they got before. */
function withoutDemo({ config }: Platform): Sql {
  return config.production ? NOT_OF_DEMO : empty;
}

/** The contract that a token or the caller names; null where neither does. */
function contractNamed({ contract }: JWTPayload, hint: string | null): string | null {
  const claimed = typeof contract === 'string' ? contract : null;
  if (claimed !== null && hint !== null && claimed !== hint) throw noSuchAgent();
  return claimed ?? hint;
}

async function authenticatePerson(
  platform: Platform,
  token: string,
  hint: string | null,
): Promise<Authentication> {
  const verified = await verifiedOf(platform, token);
  const contractId = contractNamed(verified.claims, hint);
  return personOf(platform, verified, contractId, platform.store.acrossContracts());
}

/** @param rows of the contract that is named, or of all. */
async function personOf(
  platform: Platform,
  { claims, agents: known }: Verified,
  contractId: string | null,
  rows: Rows,
): Promise<Authentication> {
  const email = emailIn(claims);
  const agents = await rows.find(AgentRow, {
    where:
      contractId === null
        ? sql`email = ${email} and active = 1${withoutDemo(platform)}`
        : sql`contract_id = ${contractId} and email = ${email} and active = 1${withoutDemo(platform)}`,
    limit: 2,
  });
  const [agent, another] = agents;
  if (!agent) throw noSuchAgent();
  if (another) {
    throw unauthenticated(
      "This e-mail belongs to agents of several contracts: name one with the token's claim `contract` or the header `X-Contract`.",
    );
  }
  if (contractId !== null) known.set(contractId, agent);
  const viewer: Viewer = { contractId: agent.contractId, agent, apiKey: null };
  return { viewer, expiresAt: (claims.exp ?? 0) * SECOND };
}

/** Who a caller is taken for, until that was looked at. */
export interface Presumed {
  readonly viewer: Viewer;
  /**
   * Who it is, looked up with what else is read of these rows in the same turn, and whether that is the one it was taken
   * for.
   * @throws Problem UNAUTHENTICATED
   */
  readonly look: (rows: Rows) => Promise<{ viewer: Viewer; isSame: boolean }>;
}

/**
 * Whom a token belonged to a short while ago: who reads may begin as that one, if what is read is given out only once
 * `look` has said that nothing has changed. Null where nothing is known, or where the token names no contract.
 */
export function presume(platform: Platform, token: string, hint: string | null): Presumed | null {
  const known = knownOf(platform, token);
  if (!known) return null;
  const contractId = contractNamed(known.claims, hint);
  const agent = contractId === null ? undefined : known.agents.get(contractId);
  if (contractId === null || !agent) return null;
  return {
    viewer: { contractId, agent, apiKey: null },
    look: async (rows) => {
      const { viewer } = await personOf(platform, known, contractId, rows);
      return { viewer, isSame: viewer.agent !== null && isSameAgent(agent, viewer.agent) };
    },
  };
}

/** Nobody is told of it, and no rights hang on it. */
const UNTOLD: ReadonlySet<string> = new Set<keyof AgentRow>(['lastSeenAt', 'lastAssignedAt']);

/** Whether an agent is the same, with the same rights and all else that is told of it. */
function isSameAgent(one: AgentRow, other: AgentRow): boolean {
  return Object.entries(one).every(
    ([property, value]) => UNTOLD.has(property) || value === other[property as keyof AgentRow],
  );
}

/** When a key was last used is for people to see: to the minute is enough, and a failure to note it holds nobody up. */
async function noteUse(platform: Platform, apiKey: ApiKeyRow): Promise<void> {
  const latest = platform.clock.now() - MINUTE;
  if (apiKey.lastUsedAt !== null && apiKey.lastUsedAt > latest) return;
  try {
    await platform.store.transact(apiKey.contractId, (transaction) =>
      transaction.update(
        ApiKeyRow,
        { lastUsedAt: transaction.now },
        sql`id = ${apiKey.id} and (last_used_at is null or last_used_at <= ${latest})`,
      ),
    );
  } catch (error) {
    platform.log.warn({ err: error }, 'The use of an API key could not be noted');
  }
}

async function authenticateMachine(
  platform: Platform,
  token: string,
  hint: string | null,
): Promise<Authentication> {
  const where = sql`hash = ${apiKeyHash(token)}${withoutDemo(platform)}`;
  const apiKey = await platform.store.acrossContracts().first(ApiKeyRow, where);
  if (!apiKey || apiKey.revokedAt !== null) throw noSuchKey();
  if (hint !== null && hint !== apiKey.contractId) throw noSuchKey();
  await noteUse(platform, apiKey);
  return { viewer: { contractId: apiKey.contractId, agent: null, apiKey }, expiresAt: null };
}

/**
 * Who a token belongs to.
 * @param contractHint the contract that the caller says it means, where the token does not.
 * @throws Problem UNAUTHENTICATED
 */
export function authenticate(
  platform: Platform,
  token: string | null,
  contractHint: string | null,
): Promise<Authentication> {
  if (token === null || token === '') {
    return Promise.reject(
      unauthenticated('A token is missing: send `Authorization: Bearer` with a JWT or an API key.'),
    );
  }
  if (token.length > LONGEST_TOKEN) {
    return Promise.reject(unauthenticated(`A token has at most ${LONGEST_TOKEN} characters: sign in again.`));
  }
  return API_KEY.test(token)
    ? authenticateMachine(platform, token, contractHint)
    : authenticatePerson(platform, token, contractHint);
}

/**
 * The caller as it is now, for what goes on after it was authenticated: subscriptions and sockets.
 * @throws Problem UNAUTHENTICATED where it may sign in no more.
 */
export async function reviewViewer(platform: Platform, viewer: Viewer): Promise<Viewer> {
  const rows = platform.store.rowsOf(viewer.contractId);
  if (viewer.agent) {
    const agent = await rows.byId(AgentRow, viewer.agent.id);
    if (!agent?.active) throw noSuchAgent();
    return { contractId: viewer.contractId, agent, apiKey: null };
  }
  const apiKey = await rows.byId(ApiKeyRow, viewer.apiKey.id);
  if (!apiKey || apiKey.revokedAt !== null) throw noSuchKey();
  return { contractId: viewer.contractId, agent: null, apiKey };
}

/** A token for an agent, good for `ttl` milliseconds. @throws Error where this server does not sign tokens itself. */
export async function issueToken(
  platform: Pick<Platform, 'config' | 'clock'>,
  agent: { email: string; contractId: string },
  ttl: number,
): Promise<string> {
  const { secret, issuer, audience } = platform.config.auth;
  if (secret === null)
    throw new Error('AUTH_JWT_SECRET is not set: tokens come from whoever is behind AUTH_JWKS_URL');
  const now = Math.floor(platform.clock.now() / SECOND);
  const token = new SignJWT({ email: agent.email, contract: agent.contractId })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt(now)
    .setExpirationTime(now + Math.ceil(ttl / SECOND));
  if (issuer !== null) token.setIssuer(issuer);
  if (audience !== null) token.setAudience(audience);
  return token.sign(new TextEncoder().encode(secret));
}
