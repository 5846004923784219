import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { Writable } from 'node:stream';

/**
 * Watches whatever test runs for what must never come out: secrets in answers, frames, logs and databases, and people in
 * logs. What it finds fails the test file.
 */

/** Secrets that the kit gives to every server and every channel, by what they are. */
export const SECRETS = {
  accessToken: 'EAAGproviderdouble',
  appSecret: 'the app secret of the tests',
  verifyToken: 'the verify token of the tests',
  jwtSecret: 'a secret of the tests, long enough for HS256',
  secretsKey: Buffer.alloc(32, 7).toString('base64'),
};

/** Secrets that are made as tests run. */
const API_KEY = /sal_[A-Za-z0-9_-]{43}/;
const SIGNED_TOKEN = /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/;
/** Numbers of Brazil, where the kit's customers live, and whose they are by default. */
const PERSON = /(?<![\w-])\+?55\d{10,11}(?![\w-])|Carla/;
/** Shorter ones may be a part of what a log says anyway. */
const SHORTEST_TEXT = 12;
const PIECE = 1_048_576;
const OVERLAP = 256;

const texts = new Set<string>();
const found: string[] = [];

/** A text of a customer's, which no log may hold from now on. */
export function noteText(text: string): void {
  if (text.length >= SHORTEST_TEXT) texts.add(text);
}

/** The secrets in a text, by what they are. */
export function secretsIn(text: string): string[] {
  const known = Object.entries(SECRETS).filter(([, secret]) => text.includes(secret));
  const made = { apiKey: API_KEY, signedToken: SIGNED_TOKEN };
  const matching = Object.entries(made).filter(([, pattern]) => pattern.test(text));
  return [...known, ...matching].map(([name]) => name);
}

/** What of a person a text tells. */
export function peopleIn(text: string): string[] {
  const number = PERSON.exec(text)?.[0];
  return [
    ...(number === undefined ? [] : [number]),
    ...[...texts].filter((written) => text.includes(written)),
  ];
}

function report(where: string, what: readonly string[], text: string): void {
  if (what.length > 0) found.push(`${where} told ${what.join(', ')}: ${text.slice(0, 2_000)}`);
}

/** What came out since it was asked last. */
export function takeLeaks(): string[] {
  return found.splice(0);
}

/** An answer or a frame of a server. The one answer that may show an API key is the one that makes it. */
export function lookAtAnswer(text: string): void {
  // Under whatever name it was asked for.
  const isKeysOwn = text.includes('"createApiKey":') || text.includes('"__typename":"CreateApiKeyPayload"');
  // Whom one may sign in as in the demo comes with tokens.
  const isDemo = text.startsWith('{"people":');
  const secrets = secretsIn(text).filter(
    (name) => !(isKeysOwn && name === 'apiKey') && !(isDemo && name === 'signedToken'),
  );
  report('An answer', secrets, text);
}

/** What a log writes goes here. */
export function watchedLog(): Writable {
  return new Writable({
    write(piece: Buffer, _encoding, done) {
      const line = piece.toString();
      report('The log', [...secretsIn(line), ...peopleIn(line)], line);
      done();
    },
  });
}

/** Text of a database, or of anything else that keeps. */
export function lookAtStored(where: string, text: string): void {
  report(where, secretsIn(text), '(stored)');
}

/** The database's file and all that stand beside it, except those in which the server keeps its own keys. */
export function lookAtFiles(database: string): void {
  const folder = path.dirname(database);
  for (const name of readdirSync(folder).filter((one) => one.startsWith(path.basename(database)))) {
    const file = openSync(path.join(folder, name), 'r');
    try {
      const piece = Buffer.alloc(PIECE);
      let before = '';
      for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) {
        const text = before + piece.toString('latin1', 0, read);
        lookAtStored(name, text);
        before = text.slice(-OVERLAP);
      }
    } finally {
      closeSync(file);
    }
  }
}

/** Looks at every answer over HTTP that a server in this process gives; the result takes that back. */
export function watchAnswers(): () => void {
  const look = (piece: unknown): void => {
    if (typeof piece === 'string') lookAtAnswer(piece);
    else if (piece instanceof Uint8Array) lookAtAnswer(Buffer.from(piece).toString('latin1'));
  };
  const onRequest = (message: unknown): void => {
    const { response } = message as { response: ServerResponse };
    // The header that this server puts on everything: doubles of others may say what they like.
    let isOurs = false;
    const writeHead = response.writeHead.bind(response) as (...parts: unknown[]) => never;
    response.writeHead = (...parts: unknown[]) => {
      isOurs = JSON.stringify([response.getHeaders(), parts]).includes('nosniff');
      return writeHead(...parts);
    };
    for (const method of ['write', 'end'] as const) {
      const original = response[method].bind(response) as (...parts: unknown[]) => never;
      response[method] = (...parts: unknown[]) => {
        if (isOurs) look(parts[0]);
        return original(...parts);
      };
    }
  };
  subscribe('http.server.request.start', onRequest);
  return () => void unsubscribe('http.server.request.start', onRequest);
}
