import { afterEach, beforeEach, expect } from '@jest/globals';

// A test that makes anything write to the console fails: in a server that logs properly it is always an accident.
const written: unknown[][] = [];

beforeEach(() => {
  written.length = 0;
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    globalThis.console[method] = (...parts: unknown[]) => void written.push([method, ...parts]);
  }
});

afterEach(() => {
  expect(written).toEqual([]);
});
