// Builds where needed, then starts the server.
import { ensureBuilt, run } from './build.mjs';

await ensureBuilt();
run('main.js', process.argv.slice(2));
