import { createApp, type App } from './app';
import { SECOND } from './clock';
import { readConfig } from './config';
import { greeting, showSeeding, startingProblem } from './greeting';

/** After this the process ends, whatever still hangs. */
const LONGEST_SHUTDOWN = 9.5 * SECOND;

function stopOn(signals: NodeJS.Signals[], app: App): void {
  const stop = (): void => {
    setTimeout(() => process.exit(0), LONGEST_SHUTDOWN).unref();
    app.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        app.platform.log.error({ err: error }, 'The shutdown failed');
        process.exit(1);
      },
    );
  };
  for (const signal of signals) process.on(signal, stop);
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const app = await createApp(config, { seeding: showSeeding() });
  app.platform.metrics.collectProcess();
  stopOn(['SIGTERM', 'SIGINT'], app);
  process.stdout.write(await greeting(app, config));
}

main().catch((error: unknown) => {
  process.stderr.write(`Saludo cannot start: ${startingProblem(error)}\n`);
  process.exit(1);
});
