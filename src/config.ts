import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import { DAY, HOUR, MINUTE, SECOND } from './clock';

/** A value of the environment that the server cannot start with. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
}

const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** Milliseconds of an ISO 8601 duration of days, hours, minutes and seconds; `0` is none. Null where it is not one. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  const match = DURATION.exec(text);
  if (!match || text === 'P' || text.endsWith('T')) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => (part ? Number(part) : 0));
  return (days ?? 0) * DAY + (hours ?? 0) * HOUR + (minutes ?? 0) * MINUTE + (seconds ?? 0) * SECOND;
}

/** @param least a time of no length makes no sense where it is not named. */
const duration = (text: string, least: 0 | 1 = 1) =>
  z
    .string()
    .default(text)
    .refine((value) => (parseDuration(value) ?? -1) >= least, {
      error: `an ISO 8601 duration such as ${text}${least === 0 ? ', or 0' : ''}`,
    })
    .transform((value) => ({ text: value, milliseconds: parseDuration(value) ?? 0 }));

const url = (protocols: RegExp) =>
  z.string().refine(
    (value) => {
      const parsed = URL.parse(value);
      return parsed !== null && protocols.test(parsed.protocol);
    },
    { error: 'a URL' },
  );

const wholeNumber = (standard: number, least: number, most: number) =>
  z
    .string()
    .default(String(standard))
    .refine((value) => /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most, {
      error: `a whole number from ${least} to ${most}`,
    })
    .transform(Number);

const secretsKey = z
  .string()
  .refine((value) => Buffer.from(value, 'base64').length === 32, { error: '32 bytes in base64' });

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** What stands between commas. */
const listed = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** An address, or a network such as 10.1.0.0/16. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address) as 0 | 4 | 6];
  if (most < 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

const ENVIRONMENT = z.object({
  NODE_ENV: z.string().default('development'),
  PORT: wholeNumber(4000, 0, 65_535),
  HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: url(/^https?:$/).optional(),
  DATABASE_URL: z
    .string()
    .default('sqlite:./data/saludo.db')
    .refine((value) => /^(sqlite:.+|postgres(ql)?:\/\/.+)/.test(value), {
      error: 'sqlite:PATH or postgres://USER@HOST/DATABASE',
    }),
  AUTH_JWT_SECRET: z.string().min(32, { error: 'at least 32 characters' }).optional(),
  AUTH_JWKS_URL: url(/^https?:$/).optional(),
  AUTH_ISSUER: z.string().min(1).optional(),
  AUTH_AUDIENCE: z.string().min(1).optional(),
  SECRETS_KEY: secretsKey.optional(),
  WHATSAPP_API_URL: url(/^https?:$/).default('https://graph.facebook.com/v23.0'),
  REPLY_WINDOW: duration('PT24H'),
  OUTCOME_UNKNOWN_AFTER: duration('PT5M'),
  SEND_MAX_AGE: duration('PT1H'),
  PRESENCE_TIMEOUT: duration('PT5M', 0),
  EVENT_RETENTION: duration('P7D'),
  ALLOWED_ORIGINS: z.string().default(''),
  TRUSTED_PROXIES: z
    .string()
    .default('')
    .refine((value) => listed(value).every(isNetwork), {
      error: 'addresses or networks separated by commas, such as 10.0.0.5,10.1.0.0/16',
    }),
  SENDS_PER_MINUTE: wholeNumber(120, 1, 1_000_000),
  REQUESTS_PER_MINUTE: wholeNumber(6_000, 1, 10_000_000),
  REQUEST_TIMEOUT: duration('PT30S').refine(({ milliseconds }) => milliseconds >= SECOND, {
    error: 'an ISO 8601 duration of at least PT1S',
  }),
  UNAUTHENTICATED_SOCKETS: wholeNumber(500, 1, 1_000_000),
  SEED_DEMO: z.enum(['true', 'false'], { error: 'true or false' }).optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: LOG_LEVELS.join(', ') }).default('info'),
});

/** All that is set from outside, read once at the start. Durations are in milliseconds. */
export interface Config {
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  /** Base of webhook URLs; null: made from the port that the server listens on. */
  readonly publicUrl: string | null;
  readonly databaseUrl: string;
  readonly auth: {
    readonly secret: string | null;
    readonly jwksUrl: string | null;
    readonly issuer: string | null;
    readonly audience: string | null;
  };
  readonly secretsKey: Buffer;
  readonly whatsAppApiUrl: string;
  readonly replyWindow: number;
  /** The reply window as it was configured: an ISO 8601 duration. */
  readonly replyWindowText: string;
  readonly outcomeUnknownAfter: number;
  readonly sendMaxAge: number;
  /** 0: presence never times out. */
  readonly presenceTimeout: number;
  readonly eventRetention: number;
  /** Origins of browsers that may open a WebSocket, besides this server's own. */
  readonly allowedOrigins: readonly string[];
  /** Proxies in front of this server whose word on a caller's address is taken: addresses and networks. */
  readonly trustedProxies: readonly string[];
  readonly sendsPerMinute: number;
  readonly requestsPerMinute: number;
  /** How long a request may take to arrive. */
  readonly requestTimeout: number;
  /** WebSockets of one address that wait for their token to be accepted, at most. */
  readonly unauthenticatedSockets: number;
  /** Whether an empty database gets a contract to try everything on; never in production. */
  readonly seedDemo: boolean;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** What to say where the database that the environment names cannot be opened. */
export function unusableDatabase(error: unknown): ConfigurationError {
  const message = error instanceof Error ? error.message : String(error);
  return new ConfigurationError(`DATABASE_URL is not usable: ${message}`, { cause: error });
}

/**
 * Makes a file that is there as a whole or not at all, also after a power cut: what was encrypted with it is kept, too.
 * Of two processes that make it at once the first one decides what is in it.
 */
function makeOnce(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, text, { mode: 0o600, flush: true });
  try {
    linkSync(unfinished, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(unfinished);
  }
  // Windows opens no folders, and keeps names by itself.
  if (process.platform === 'win32') return;
  const folder = openSync(path.dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/** A secret made on the first start and kept beside the database, readable by its owner alone. */
function keptSecret(folder: string, name: string, bytes: number): string {
  const file = path.join(folder, name);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    makeOnce(file, `${randomBytes(bytes).toString('base64')}\n`);
  }
  return readFileSync(file, 'utf8').trim();
}

/**
 * Reads the environment.
 * @throws ConfigurationError with one line that names the variable, what it holds and what would be accepted.
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = ENVIRONMENT.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = String(issue?.path[0]);
    throw new ConfigurationError(`${name} is not usable: expected ${issue?.message ?? 'another value'}`);
  }
  const values = parsed.data;
  const production = values.NODE_ENV === 'production';
  if (production && values.AUTH_JWT_SECRET === undefined && values.AUTH_JWKS_URL === undefined) {
    throw new ConfigurationError(
      'AUTH_JWT_SECRET or AUTH_JWKS_URL is missing: with NODE_ENV=production one of them is required',
    );
  }
  const inFile = values.DATABASE_URL.startsWith('sqlite:');
  const folder = inFile ? path.dirname(values.DATABASE_URL.slice('sqlite:'.length)) : null;
  const kept = (name: string, variable: string, bytes: number): string => {
    if (folder === null)
      throw new ConfigurationError(
        `${variable} is missing: with PostgreSQL it must be set, the same on every node`,
      );
    try {
      return keptSecret(folder, name, bytes);
    } catch (error) {
      throw unusableDatabase(error);
    }
  };
  const secret =
    values.AUTH_JWT_SECRET ??
    (values.AUTH_JWKS_URL === undefined ? kept('auth.secret', 'AUTH_JWT_SECRET', 32) : null);
  return Object.freeze({
    production,
    port: values.PORT,
    host: values.HOST,
    publicUrl: values.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    databaseUrl: values.DATABASE_URL,
    auth: {
      secret,
      jwksUrl: values.AUTH_JWKS_URL ?? null,
      issuer: values.AUTH_ISSUER ?? null,
      audience: values.AUTH_AUDIENCE ?? null,
    },
    secretsKey: Buffer.from(values.SECRETS_KEY ?? kept('secrets.key', 'SECRETS_KEY', 32), 'base64'),
    whatsAppApiUrl: values.WHATSAPP_API_URL.replace(/\/+$/, ''),
    replyWindow: values.REPLY_WINDOW.milliseconds,
    replyWindowText: values.REPLY_WINDOW.text,
    outcomeUnknownAfter: values.OUTCOME_UNKNOWN_AFTER.milliseconds,
    sendMaxAge: values.SEND_MAX_AGE.milliseconds,
    presenceTimeout: values.PRESENCE_TIMEOUT.milliseconds,
    eventRetention: values.EVENT_RETENTION.milliseconds,
    allowedOrigins: listed(values.ALLOWED_ORIGINS),
    trustedProxies: listed(values.TRUSTED_PROXIES),
    sendsPerMinute: values.SENDS_PER_MINUTE,
    requestsPerMinute: values.REQUESTS_PER_MINUTE,
    requestTimeout: values.REQUEST_TIMEOUT.milliseconds,
    unauthenticatedSockets: values.UNAUTHENTICATED_SOCKETS,
    seedDemo: !production && values.SEED_DEMO !== 'false',
    logLevel: values.LOG_LEVEL,
  });
}
