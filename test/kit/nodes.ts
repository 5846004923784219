import { freePort } from './free-port';
import { ServerProcess } from './process';

/** Several servers over one database, each a process of its own. */
export class Nodes {
  private turn = 0;

  private constructor(
    private readonly environments: readonly Record<string, string>[],
    private readonly running: ServerProcess[],
  ) {}

  /** @param own what a node's environment has beside that of all, by its number. */
  static async start(
    count: number,
    environment: Record<string, string>,
    own: (node: number) => Record<string, string> = () => ({}),
  ): Promise<Nodes> {
    const environments: Record<string, string>[] = [];
    for (let node = 0; node < count; node += 1) {
      const PORT = String(await freePort());
      environments.push({ ...environment, PORT, LOG_LEVEL: 'fatal', ...own(node) });
    }
    return new Nodes(environments, await Promise.all(environments.map((each) => ServerProcess.start(each))));
  }

  get urls(): readonly string[] {
    return this.running.map(({ url }) => url);
  }

  node(index: number): ServerProcess {
    const node = this.running[index];
    if (!node) throw new Error(`There are ${this.running.length} nodes, and none of number ${index}`);
    return node;
  }

  /** The address of one after the other. */
  next(): string {
    this.turn += 1;
    return this.node(this.turn % this.running.length).url;
  }

  /** Kills one, and starts it again. */
  async replace(index: number): Promise<void> {
    await this.node(index).kill();
    this.running[index] = await ServerProcess.start(this.environments[index] ?? {});
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.map((node) => node.kill()));
  }
}
