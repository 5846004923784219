import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A line between a client and a server that can be cut and mended, while the server itself goes on or not. */
export class CuttableLine {
  private readonly ends = new Set<Socket>();

  private constructor(
    private readonly door: Server,
    readonly url: string,
  ) {}

  static async to(port: number, host = '127.0.0.1'): Promise<CuttableLine> {
    const door = createServer().listen(0, '127.0.0.1');
    await once(door, 'listening');
    const line = new CuttableLine(door, `http://127.0.0.1:${(door.address() as AddressInfo).port}`);
    door.on('connection', (near) => line.join(near, connect(port, host)));
    return line;
  }

  /** Breaks what runs over it; whoever calls is hung up on until it is mended. */
  cut(): void {
    this.whole = false;
    for (const end of this.ends) end.destroy();
  }

  mend(): void {
    this.whole = true;
  }

  /** Hangs up once on the next client that says this word: before the server hears it, or before it answers. */
  hangUpAt(word: string, moment: 'unheard' | 'unanswered'): void {
    this.trap = { word, moment };
  }

  async close(): Promise<void> {
    this.cut();
    this.door.close();
    await once(this.door, 'close');
  }

  private whole = true;
  private trap: { word: string; moment: 'unheard' | 'unanswered' } | null = null;

  private join(near: Socket, far: Socket): void {
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.ends.add(one);
      // An error is followed by the close, which passes it on.
      one.on('error', () => undefined);
      one.on('close', () => {
        this.ends.delete(one);
        other.destroy();
      });
    }
    near.on('data', (said: Buffer) => {
      const trap = this.trap !== null && said.includes(this.trap.word) ? this.trap : null;
      if (trap !== null) this.trap = null;
      if (trap?.moment === 'unheard') {
        near.destroy();
        return;
      }
      if (trap)
        far
          .unpipe(near)
          .once('data', () => near.destroy())
          .resume();
      far.write(said);
    });
    near.on('end', () => far.end());
    far.pipe(near);
    if (!this.whole) near.destroy();
  }
}
