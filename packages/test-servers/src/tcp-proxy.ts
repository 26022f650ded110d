import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { freePort } from "./free-port.js";
import { ProxiedConnection, type ProxyState, type RequestMatch, type Trap } from "./proxied-connection.js";

export interface CutAfterRequestOptions {
  /** Whether the answer that the server sent so far is whole. Default: as the protocol says, Redis' or PostgreSQL's. */
  readonly isAnswered?: (answer: Buffer) => boolean;
}

/** A network between clients and one server, with faults to be had at will. */
export interface TcpProxy {
  readonly host: string;
  readonly port: number;
  /** The server's URL with the proxy's host and port. */
  url(serverUrl: string): string;

  /** Connections that are open now. */
  readonly connections: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** How often a client spoke after its server had spoken, or first. Take the difference of two readings: connecting counts too. */
  readonly roundTrips: number;

  /** From now on every round trip takes this much longer (requests are held back, answers are not). 0 ends it. */
  delay(ms: number): void;
  /** All open connections get a TCP reset, on both sides. */
  cut(): void;
  /** Connections are accepted and their bytes read, but neither bytes nor closings get through: a network that is partitioned. */
  blackhole(): void;
  /** Ends `blackhole`. What was held back goes through now, as TCP would send it again. */
  restore(): void;
  /** The connections that are open now carry nothing more, neither bytes nor closings; new ones do. For requests that arrive late. */
  strand(): void;
  /** Ends `strand`: what was held back arrives now. Resolves when the server has done with the connections that their clients have left meanwhile. */
  deliver(): Promise<void>;
  /** New connections are refused; the open ones stay. */
  refuse(): void;
  /** Ends `refuse`. */
  accept(): Promise<void>;
  /** From now on, new connections lead to another server. */
  redirect(target: ProxyTarget): void;
  /**
   * Lets the next request that matches reach the server, waits until the server has answered, withholds the answer and cuts the connection: the
   * server did it and the client does not know. Resolves when that has happened; once per call. `match` sees all that the client sent since
   * the last answer. On Redis, an EVALSHA that is answered with NOSCRIPT is a request, too.
   */
  cutAfterRequest(match: RequestMatch, options?: CutAfterRequestOptions): Promise<void>;
  /** Cuts the connection instead of passing on the next request that matches: the server never got it and the client does not know. */
  cutBeforeRequest(match: RequestMatch): Promise<void>;
  /** Ends the connection behind the answer to the next request that matches. `lastWords` of the server come in one packet with the answer. */
  endAfterRequest(match: RequestMatch, lastWords: Buffer): Promise<void>;

  stop(): Promise<void>;
}

const HOST = "127.0.0.1";

export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

export async function startTcpProxy(first: ProxyTarget): Promise<TcpProxy> {
  let target = first;
  const state: ProxyState = {
    delayMs: 0,
    isBlackhole: false,
    trap: undefined,
    bytesUp: 0,
    bytesDown: 0,
    roundTrips: 0,
  };
  const connections = new Set<ProxiedConnection>();

  async function listen(onPort: number): Promise<Server> {
    const listener = createServer({ allowHalfOpen: true }, (client) => {
      const connection = new ProxiedConnection(client, target, state, () => connections.delete(connection));
      connections.add(connection);
    });
    listener.listen(onPort, HOST);
    await once(listener, "listening");
    return listener;
  }

  const port = await freePort();
  let server: Server | undefined = await listen(port);

  function flushAll(): void {
    for (const connection of connections) connection.flush();
  }

  function arm(trap: Omit<Trap, "fire">): Promise<void> {
    if (state.trap !== undefined) throw new Error("The proxy is already waiting for a request to cut.");
    return new Promise((fire) => {
      state.trap = { ...trap, fire };
    });
  }

  function cut(): void {
    for (const connection of connections) connection.cut();
  }

  return {
    host: HOST,
    port,
    url(serverUrl) {
      const url = new URL(serverUrl);
      url.hostname = HOST;
      url.port = String(port);
      return url.href;
    },
    get connections() {
      return connections.size;
    },
    get bytesUp() {
      return state.bytesUp;
    },
    get bytesDown() {
      return state.bytesDown;
    },
    get roundTrips() {
      return state.roundTrips;
    },
    delay(ms) {
      state.delayMs = ms;
    },
    cut,
    blackhole() {
      state.isBlackhole = true;
    },
    restore() {
      state.isBlackhole = false;
      flushAll();
    },
    strand() {
      for (const connection of connections) connection.strand();
    },
    async deliver() {
      await Promise.all([...connections].map((connection) => connection.deliver()));
    },
    refuse() {
      // Closed at once; only its callback waits for the connections.
      server?.close();
      server = undefined;
    },
    async accept() {
      server ??= await listen(port);
    },
    redirect(next) {
      target = next;
    },
    cutAfterRequest: (match, { isAnswered } = {}) => arm({ match, reachesServer: true, isAnswered }),
    cutBeforeRequest: (match) => arm({ match, reachesServer: false }),
    endAfterRequest: (match, lastWords) => arm({ match, reachesServer: true, lastWords }),
    async stop() {
      state.trap = undefined;
      server?.close();
      server = undefined;
      const closed = [...connections].map((connection) => connection.closed);
      cut();
      await Promise.all(closed);
    },
  };
}
