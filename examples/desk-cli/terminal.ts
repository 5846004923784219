import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** The person took back what they had begun. */
export class Canceled extends Error {}
/** Nothing more will be typed: Ctrl-D, Ctrl-C, or the end of a piped input. */
export class InputEnded extends Error {}

type Stream<Kind> = Kind & { isTTY?: boolean };

/**
 * The person's screen and keyboard; works with pipes as well. Lines are kept until they are asked for, since what is
 * piped comes faster than questions do (`readline/promises` drops what nobody has asked for).
 */
export class Terminal {
  private readonly lines: string[] = [];
  private readonly reader: Interface;
  private waiting: ((line: string | null) => void) | null = null;
  private ended = false;

  constructor(
    input: Stream<Readable>,
    private readonly output: Stream<Writable>,
  ) {
    this.reader = createInterface({ input, output, terminal: output.isTTY === true && input.isTTY === true });
    this.reader.on('line', (line) => {
      this.lines.push(line);
      this.hand();
    });
    this.reader.on('SIGINT', () => this.reader.close());
    this.reader.on('close', () => {
      this.ended = true;
      // The prompt stays where it is; what comes next begins below it.
      if (this.reader.terminal && this.waiting) output.write('\n');
      this.hand();
    });
  }

  /** Shows a line, above what is being typed. */
  print(line = ''): void {
    const typing = this.waiting !== null && this.reader.terminal;
    if (typing) {
      clearLine(this.output, 0);
      cursorTo(this.output, 0);
    }
    this.output.write(`${line}\n`);
    if (typing) this.reader.prompt(true);
  }

  /** Asks for one line; `/cancel` takes back what the question belongs to. @throws Canceled, InputEnded */
  async ask(question: string): Promise<string> {
    this.print(question);
    const line = await this.next('? ');
    if (line === '/cancel') throw new Canceled();
    return line;
  }

  /** The next line that is typed. @throws InputEnded */
  async next(prompt: string): Promise<string> {
    const read = new Promise<string | null>((resolve) => (this.waiting = resolve));
    if (this.reader.terminal && !this.ended) {
      this.reader.setPrompt(prompt);
      this.reader.prompt();
    }
    this.hand();
    const line = await read;
    if (line === null) throw new InputEnded();
    return line.trim();
  }

  close(): void {
    this.reader.close();
  }

  private hand(): void {
    if (!this.waiting) return;
    const line = this.lines.shift();
    if (line === undefined && !this.ended) return;
    this.waiting(line ?? null);
    this.waiting = null;
  }
}
