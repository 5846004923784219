// Builds where needed, then runs a command: npm run cli -- --help
import { ensureBuilt, run } from './build.mjs';

await ensureBuilt();
run('cli.js', process.argv.slice(2));
