import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

/** What the kernel keeps of a packet that is longer than one byte: nothing. */
const NOTHING = ['root', 'bfifo', 'limit', '1'];

const run = (command: string, ...words: string[]): Buffer => execFileSync(command, words, { stdio: 'pipe' });

/**
 * A machine's network beside ours, with one cable between them that can be cut: whoever talked over it hears nothing any
 * more, and no word that this is so. It takes root and network namespaces.
 */
export class OwnNetwork {
  private readonly number = randomInt(1, 16_384);
  private readonly namespace = `saludo-${this.number}`;
  /** The ends of the cable, here and there: names of interfaces have at most 15 bytes. */
  private readonly ends = [`saludo-${this.number}a`, `saludo-${this.number}b`] as const;

  private constructor() {
    const [here, there] = this.ends;
    run('ip', 'netns', 'add', this.namespace);
    try {
      run('ip', 'link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', this.namespace);
      run('ip', 'address', 'add', `${this.address(1)}/30`, 'dev', here);
      run('ip', 'link', 'set', here, 'up');
      this.runThere('ip', 'address', 'add', `${this.host}/30`, 'dev', there);
      this.runThere('ip', 'link', 'set', there, 'up');
      this.runThere('ip', 'link', 'set', 'lo', 'up');
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  static make(): OwnNetwork {
    return new OwnNetwork();
  }

  /** The address there, as it is reached from here. */
  get host(): string {
    return this.address(2);
  }

  /** Words that come before a command which is to run there. */
  get within(): readonly string[] {
    return ['ip', 'netns', 'exec', this.namespace];
  }

  /** From here on every packet is lost, in both directions. */
  cut(): void {
    const [here, there] = this.ends;
    run('tc', 'qdisc', 'replace', 'dev', here, ...NOTHING);
    this.runThere('tc', 'qdisc', 'replace', 'dev', there, ...NOTHING);
  }

  mend(): void {
    const [here, there] = this.ends;
    run('tc', 'qdisc', 'delete', 'dev', here, 'root');
    this.runThere('tc', 'qdisc', 'delete', 'dev', there, 'root');
  }

  /** Takes it away, cable and all: nothing may run there any more. */
  remove(): void {
    run('ip', 'netns', 'delete', this.namespace);
  }

  /** Of networks that are for trying out how devices fare (RFC 2544), so that no other is in the way. */
  private address(of: 1 | 2): string {
    const first = this.number * 4;
    return `198.${18 + (first >> 15)}.${(first >> 8) & 127}.${(first & 255) + of}`;
  }

  private runThere(command: string, ...words: string[]): void {
    const [inside, ...more] = [...this.within, command, ...words] as [string, ...string[]];
    run(inside, ...more);
  }
}

/** Why no network can be made here, in one line; null where it can. */
export function networkObstacle(): string | null {
  try {
    const network = OwnNetwork.make();
    try {
      network.cut();
      network.mend();
    } finally {
      network.remove();
    }
    return null;
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return `no network namespace can be made and cut (it takes root and iproute2): ${line}`;
  }
}
