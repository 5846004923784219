// Tries the promises at length, and writes what was measured into docs/promises.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const page = path.join(root, 'docs/promises.md');
const BEGIN = '<!-- figures: written by `npm run test:long` -->';
const END = '<!-- end of figures -->';

const folder = mkdtempSync(path.join(tmpdir(), 'saludo-figures-'));
const file = path.join(folder, 'figures.ndjson');
const started = Date.now();
const jest = path.join(root, 'node_modules/jest/bin/jest.js');

/** @returns whether everything passed. */
function run(...words) {
  const env = { ...process.env, PROMISES: 'long', PROMISES_FIGURES: file };
  return spawnSync(process.execPath, [jest, ...words], { cwd: root, stdio: 'inherit', env }).status === 0;
}

const FOLDERS = ['test/promises', 'test/nodes'];
/** These have so many clients, or measure so closely, that they get the machine for themselves. */
const ALONE = [
  'test/promises/subscriptions.test.ts',
  'test/promises/slow-and-stale.test.ts',
  'test/nodes/hopping.test.ts',
  'test/nodes/dispatching.test.ts',
];

function runWhole() {
  const alone = ALONE.map((suite) => run(suite, '--runInBand', '--forceExit'));
  const suites = FOLDERS.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => `${folder}/${name}`),
  );
  const others = run(...suites.filter((suite) => !ALONE.includes(suite)));
  return others && alone.every(Boolean);
}

const asked = process.argv.slice(2);
const whole = asked.length === 0;
const passed = whole ? runWhole() : run(...FOLDERS, ...asked);
const figures = existsSync(file)
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : [];
rmSync(folder, { recursive: true, force: true });

function table() {
  const rows = new Map();
  for (const { promise, measure, engine, value } of figures) {
    const key = `${promise}\0${measure}`;
    rows.set(key, { ...(rows.get(key) ?? { promise, measure }), [engine]: value });
  }
  const ordered = [...rows.values()].sort(
    (one, other) => one.promise.localeCompare(other.promise) || one.measure.localeCompare(other.measure),
  );
  const minutes = ((Date.now() - started) / 60_000).toFixed(0);
  const [processor] = cpus();
  const machine = `${cpus().length} processors (${processor?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node.js ${process.version}`;
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)} in ${minutes} minutes, on ${machine}.`,
    '',
    '| promise | measured | SQLite | PostgreSQL |',
    '| --- | --- | --- | --- |',
    ...ordered.map(
      ({ promise, measure, sqlite = '', postgres = '' }) =>
        `| ${promise} | ${measure} | ${sqlite} | ${postgres} |`,
    ),
  ].join('\n');
}

// A run of a part, or one that failed, measured nothing that could stand there.
if (passed && figures.length > 0 && whole) {
  const text = readFileSync(page, 'utf8');
  const [before] = text.split(BEGIN);
  const after = text.slice(text.indexOf(END));
  writeFileSync(page, `${before}${BEGIN}\n\n${table()}\n\n${after}`);
  spawnSync('npx', ['prettier', '--write', '--log-level', 'warn', page], { cwd: root, stdio: 'inherit' });
}
process.exit(passed ? 0 : 1);
