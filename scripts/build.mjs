// Makes `dist` from `src` and `explorer`; run by itself, in any case.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildExplorer } from './explorer.mjs';

const root = path.resolve(import.meta.dirname, '..');
const stamp = path.join(root, 'dist', '.built');
const frames = ['|', '/', '-', '\\'];

/** When the newest file of these folders and files was changed. */
function newest(...names) {
  return Math.max(
    ...names.flatMap((name) => {
      const file = path.join(root, name);
      if (!statSync(file).isDirectory()) return [statSync(file).mtimeMs];
      return readdirSync(file, { recursive: true }).map((inner) => statSync(path.join(file, inner)).mtimeMs);
    }),
  );
}

function isCurrent() {
  return (
    existsSync(stamp) &&
    statSync(stamp).mtimeMs >=
      newest('src', 'explorer', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json')
  );
}

/** Shows that something is under way, and for how long; the result ends that. */
function showProgress(what) {
  const { stderr } = process;
  if (!stderr.isTTY) {
    stderr.write(`${what} …\n`);
    return () => undefined;
  }
  const start = Date.now();
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - start) / 1000);
    stderr.write(`\r${frames[seconds % frames.length]} ${what} … ${seconds} s`);
  }, 250);
  return () => {
    clearInterval(timer);
    stderr.write(`\r${' '.repeat(what.length + 16)}\r`);
  };
}

/** Builds `dist` where it is missing or older than what it is made from. */
export async function ensureBuilt() {
  if (!isCurrent()) await build();
}

/** Compiles `src`; what the compiler said where it failed, else null. */
async function compileServer() {
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const output = [];
  const compilation = spawn(process.execPath, [compiler, '-p', path.join(root, 'tsconfig.build.json')], {
    cwd: root,
  });
  for (const stream of [compilation.stdout, compilation.stderr])
    stream.on('data', (piece) => output.push(piece));
  const code = await new Promise((resolve) => compilation.on('close', resolve));
  return code === 0 ? null : Buffer.concat(output).toString();
}

async function build() {
  const begun = new Date();
  const done = showProgress('Building');
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const problems = await Promise.all([
    compileServer(),
    buildExplorer().then(
      () => null,
      (error) => `${error.message}\n`,
    ),
  ]);
  done();
  if (problems.some((problem) => problem !== null)) {
    process.stderr.write(`${problems.join('')}The build failed.\n`);
    process.exit(1);
  }
  writeFileSync(stamp, `${begun.toISOString()}\n`);
}

/**
 * How Node.js is told to run the server. A page of sends leaves a few hundred kilobytes of garbage behind: where the part
 * of the heap that new things lie in is small, much of it is copied about before it is found to be garbage.
 */
const NODE_FLAGS = JSON.parse(readFileSync(path.join(root, 'scripts/node-flags.json'), 'utf8'));

/** Runs a file of `dist` in a process of its own, passes signals on, and ends as it ends. */
export function run(file, parameters) {
  const child = spawn(process.execPath, [...NODE_FLAGS, path.join(root, 'dist', file), ...parameters], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

if (process.argv[1] === import.meta.filename) await build();
