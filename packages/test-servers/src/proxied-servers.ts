import { startTcpProxy, type TcpProxy } from "./tcp-proxy.js";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A network between clients and servers, all of which it cuts off at once. */
export interface ProxiedServers {
  /** For clients: where each server is to be found. */
  readonly natMap: Readonly<Record<string, Address>>;
  /** Ends all connections, and lets none be made. */
  cut(): void;
  /** Loses all that is sent from now on, and says nothing of it. */
  lose(): void;
  /** Ends the connections on which something was lost. New ones can be made. */
  restore(): Promise<void>;
  stop(): Promise<void>;
}

export async function startProxiedServers(servers: readonly Address[]): Promise<ProxiedServers> {
  const proxies = await Promise.all(servers.map(({ host, port }) => startTcpProxy({ host, port })));
  const all = (work: (proxy: TcpProxy) => void): void => proxies.forEach(work);
  return {
    natMap: Object.fromEntries(
      servers.map(({ host, port }, n) => {
        const proxy = proxies[n] as TcpProxy;
        return [`${host}:${port}`, { host: proxy.host, port: proxy.port }];
      }),
    ),
    cut() {
      all((proxy) => proxy.refuse());
      all((proxy) => proxy.cut());
    },
    lose() {
      all((proxy) => proxy.blackhole());
    },
    async restore() {
      all((proxy) => proxy.cut());
      all((proxy) => proxy.restore());
      await Promise.all(proxies.map((proxy) => proxy.accept()));
    },
    async stop() {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
    },
  };
}
