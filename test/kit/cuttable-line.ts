import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A line between a client and a server that can be cut and mended, while the server itself goes on or not. */
export class CuttableLine {
  private readonly ends = new Set<Socket>();

  private constructor(
    private readonly door: Server,
    readonly url: string,
  ) {}

  static async to(port: number): Promise<CuttableLine> {
    const door = createServer().listen(0, '127.0.0.1');
    await once(door, 'listening');
    const line = new CuttableLine(door, `http://127.0.0.1:${(door.address() as AddressInfo).port}`);
    door.on('connection', (near) => line.join(near, connect(port, '127.0.0.1')));
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

  async close(): Promise<void> {
    this.cut();
    this.door.close();
    await once(this.door, 'close');
  }

  private whole = true;

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
      one.pipe(other);
    }
    if (!this.whole) near.destroy();
  }
}
