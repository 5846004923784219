// Lets a plain Node process run the sources as they are: `node -r ./test/kit/loading/typescript.cjs src/main.ts`.
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '../../..');
const CACHE = path.join(ROOT, 'node_modules/.cache/saludo-sources');
const settings = createHash('sha1');
for (const name of ['.swcrc', 'package-lock.json']) settings.update(readFileSync(path.join(ROOT, name)));
const compiler = settings.digest('hex');

/** What Node can run of a source; kept, since the tests start many processes. */
function compiled(filename) {
  const source = readFileSync(filename, 'utf8');
  // A copy of the project elsewhere finds what was compiled already, and leaves no more than what it changes.
  const name = path.relative(process.cwd(), filename);
  const key = createHash('sha1').update([name, source, compiler].join('\0')).digest('hex');
  const kept = path.join(CACHE, `${key}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const { code } = require('@swc/core').transformSync(source, { filename, swcrc: true });
  // Under another name first: other processes must never find half of it.
  const unfinished = `${kept}.${process.pid}`;
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(unfinished, code);
  renameSync(unfinished, kept);
  return code;
}

require.extensions['.ts'] = (module, filename) => module._compile(compiled(filename), filename);
