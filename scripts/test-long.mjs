// Tries the promises at length, and writes what was measured into docs/promises.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const page = path.join(root, 'docs/promises.md');
const BEGIN = '<!-- figures: written by `npm run test:long` -->';
const END = '<!-- end of figures -->';

const folder = mkdtempSync(path.join(tmpdir(), 'saludo-figures-'));
const file = path.join(folder, 'figures.ndjson');
const started = Date.now();
const { status } = spawnSync(
  process.execPath,
  [path.join(root, 'node_modules/jest/bin/jest.js'), 'test/promises', 'test/nodes', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', env: { ...process.env, PROMISES: 'long', PROMISES_FIGURES: file } },
);
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
if (status === 0 && figures.length > 0 && process.argv.length === 2) {
  const text = readFileSync(page, 'utf8');
  const [before] = text.split(BEGIN);
  const after = text.slice(text.indexOf(END));
  writeFileSync(page, `${before}${BEGIN}\n\n${table()}\n\n${after}`);
  spawnSync('npx', ['prettier', '--write', '--log-level', 'warn', page], { cwd: root, stdio: 'inherit' });
}
process.exit(status ?? 1);
