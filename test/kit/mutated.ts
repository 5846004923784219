import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compileFunction } from 'node:vm';

declare global {
  /** Loads what is shared between test files; set by the test environment. */
  var loadOnce: (name: string) => unknown;
}

const ROOT = path.resolve(__dirname, '../..');

interface Compiler {
  transformSync(source: string, options: { filename: string; swcrc: boolean }): { code: string };
}

/**
 * A source file with some of its text changed, loaded beside the true one; what it imports is the true thing, but for
 * `instead`. A text that is not there exactly once is an error, so that no mutant silently becomes none.
 * @param file from the project's folder, without its ending: `src/server/webhooks`.
 * @param instead what is imported in the place of other files, by their names.
 */
export function mutated(
  file: string,
  changes: readonly (readonly [from: string, to: string])[],
  instead: Record<string, unknown> = {},
): unknown {
  const filename = `${path.join(ROOT, file)}.ts`;
  const source = changes.reduce(
    (text, [from, to]) => {
      if (text.split(from).length !== 2) throw new Error(`${file} does not hold exactly once: ${from}`);
      return text.replace(from, () => to);
    },
    readFileSync(filename, 'utf8'),
  );
  const compiler = globalThis.loadOnce('@swc/core') as Compiler;
  const { code } = compiler.transformSync(source, { filename, swcrc: true });
  const load = (name: string): unknown => {
    if (!name.startsWith('.')) return globalThis.loadOnce(name);
    const absolute = path.resolve(path.dirname(filename), name);
    return instead[path.relative(ROOT, absolute)] ?? globalThis.loadOnce(absolute);
  };
  const module = { exports: {} };
  const evaluate = compileFunction(code, ['exports', 'require', 'module', '__filename', '__dirname'], {
    filename,
  });
  evaluate(module.exports, load, module, filename, path.dirname(filename));
  return module.exports;
}

/** Modules between a door and the whole server, each by what imports it. */
const ABOVE: Record<string, string> = {
  'src/services/tickets/message-media': 'src/server/media',
  'src/services/sandbox/graph': 'src/server/sandbox/graph-doors',
  'src/server/sandbox/graph-doors': 'src/server/sandbox/sandbox',
  'src/server/sandbox/sandbox': 'src/server/http',
  'src/server/media': 'src/server/http',
  'src/server/webhooks': 'src/server/http',
  'src/server/demo': 'src/server/http',
  'src/server/http': 'src/app',
  'src/server/socket-operations': 'src/server/sockets',
  'src/server/socket-session': 'src/server/sockets',
  'src/server/sockets': 'src/app',
};

/** The whole server with one of its files changed. */
export function mutatedServer(
  file: string,
  ...changes: (readonly [from: string, to: string])[]
): typeof import('../../src/app') {
  let name = file;
  let loaded = mutated(file, changes);
  for (let above = ABOVE[name]; above !== undefined; above = ABOVE[name]) {
    loaded = mutated(above, [], { [name]: loaded });
    name = above;
  }
  return loaded as typeof import('../../src/app');
}
