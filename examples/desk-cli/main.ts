import { parseArgs } from 'node:util';
import { Api } from './api';
import { red, yellow } from './colours';
import { Desk } from './desk';
import { signIn } from './sign-in';
import { Canceled, InputEnded, Terminal } from './terminal';

const USAGE = `A desk in the terminal: npm run desk -- [--as NAME | --token TOKEN] [--url http://localhost:4000]

  --as       a person of the demo, by name or e-mail; without it, a list to choose from
  --token    a token, as npm run --silent cli -- token --email … prints it
  --url      where the server is
`;

async function main(terminal: Terminal): Promise<void> {
  const { values } = parseArgs({
    options: {
      as: { type: 'string' },
      token: { type: 'string' },
      url: { type: 'string', default: 'http://localhost:4000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    terminal.print(USAGE);
    return;
  }
  const url = values.url.replace(/\/$/, '');
  const signedIn = await signIn(url, values, terminal);
  const api = new Api(url, signedIn, (text) => terminal.print(yellow(text)));
  const desk = await Desk.open(api, terminal);
  await desk.run(signedIn);
}

const terminal = new Terminal(process.stdin, process.stdout);
main(terminal)
  .then(
    () => 0,
    (error: unknown) => {
      if (error instanceof InputEnded || error instanceof Canceled) return 0;
      terminal.print(red(error instanceof Error ? error.message : String(error)));
      return 1;
    },
  )
  // Not before everything was written: a pipe takes its time.
  .then((code) => process.stdout.write('', () => process.exit(code)))
  .catch(() => process.exit(1));
