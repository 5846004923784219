const { execFileSync } = require('node:child_process');
const path = require('node:path');

/** Runs `databases.ts` in a process of its own, and gives what it prints. */
function databases(...words) {
  const load = ['-r', path.join(__dirname, '../loading/typescript.cjs')];
  return execFileSync(process.execPath, [...load, path.join(__dirname, 'databases.ts'), ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Once for all test files: the databases that theirs are copied from. */
module.exports = (_globalConfig, { globals }) => {
  process.env.MIGRATED_DATABASES = databases('make', ...globals.DATABASE_ENGINES);
};
module.exports.databases = databases;
