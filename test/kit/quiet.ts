import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import { takeLeaks, watchAnswers } from './canaries';

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

// A test that makes a server tell a secret, or its log a person, fails: whatever it is a test of.
let unwatch: () => void;

beforeAll(() => {
  unwatch = watchAnswers();
});

afterAll(() => {
  unwatch();
  expect(takeLeaks()).toEqual([]);
});
