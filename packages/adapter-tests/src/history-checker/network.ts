import { startTcpProxy, type TcpProxy } from "@holdfast/test-servers";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** What lies between a process and the servers of its store. A fault befalls the ways to all of them. */
export class Network {
  readonly #proxies: ReadonlyMap<string, TcpProxy>;

  private constructor(proxies: ReadonlyMap<string, TcpProxy>) {
    this.#proxies = proxies;
  }

  static async open(servers: readonly Address[]): Promise<Network> {
    const proxies = servers.map(async (server) => [`${server.host}:${server.port}`, await startTcpProxy(server)] as const);
    return new Network(new Map(await Promise.all(proxies)));
  }

  /** By `host:port` of a server, where it is for those who go through the network. */
  get natMap(): Readonly<Record<string, Address>> {
    return Object.fromEntries([...this.#proxies].map(([server, { host, port }]) => [server, { host, port }]));
  }

  /** The URL of a server for those who go through the network. */
  url(serverUrl: string): string {
    const url = new URL(serverUrl);
    const proxy = this.#proxies.get(`${url.hostname}:${url.port}`);
    if (proxy === undefined) throw new Error(`No way leads to ${url.host}.`);
    return proxy.url(serverUrl);
  }

  cut(): void {
    for (const proxy of this.#all) proxy.cut();
  }

  /** @param onLost called when an answer was lost; the next answer of each server is. */
  loseAnAnswer(onLost: () => void): void {
    for (const proxy of this.#all) {
      // One that waits already, or that never comes, is as good.
      try {
        void proxy.cutAfterRequest(() => true).then(onLost);
      } catch {}
    }
  }

  strand(): void {
    for (const proxy of this.#all) proxy.strand();
  }

  async deliver(): Promise<void> {
    await Promise.all(this.#all.map((proxy) => proxy.deliver()));
  }

  blackhole(): void {
    for (const proxy of this.#all) proxy.blackhole();
  }

  restore(): void {
    for (const proxy of this.#all) proxy.restore();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((proxy) => proxy.stop()));
  }

  get #all(): TcpProxy[] {
    return [...this.#proxies.values()];
  }
}
