import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { TestApp } from '../kit/app';

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await TestApp.start();
  ({
    admin: { token },
  } = await app.contract());
});
afterAll(() => app.stop());

/** As every caller of this server does: signed in, and with the header that simple requests of browsers cannot have. */
const fetchFn = (url: string, init: RequestInit = {}): Promise<Response> => {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${token}`);
  headers.set('apollo-require-preflight', 'true');
  return fetch(url, { ...init, headers });
};

const audits = serverAudits({ url: () => `${app.url}/graphql`, fetchFn });

test.each(audits.map((audit) => [audit.name, audit] as const))(
  'GraphQL over HTTP: %s',
  async (_name, audit) => expect(await audit.fn()).toMatchObject({ status: 'ok' }),
);

test('nothing that the specification demands or recommends is left out', () => {
  const count = (level: string): number => audits.filter(({ name }) => name.startsWith(`${level} `)).length;
  expect([count('MUST'), count('SHOULD'), count('MAY')]).toEqual([13, 23, 25]);
});
