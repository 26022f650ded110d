import { Client } from "pg";
import { eventually } from "./gate.js";
import { PostgresProcess } from "./postgres-process.js";
import { findBinaries } from "./postgres-server.js";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.js";

export interface StartPostgresPairOptions {
  /** Whether a commit is acknowledged when the standby has it on disk, too. Default true. */
  readonly synchronous?: boolean;
}

/** A primary with one streaming standby, at one address that leads to whichever is the primary. */
export interface PostgresPair {
  /** A superuser of the database `postgres`. It stays the same through a failover. */
  readonly url: string;
  /** The standby and the primary by addresses of their own, in this order, as a list of hosts: `host:port,host:port`. */
  readonly hosts: string;
  /** Cuts the standby off. It has all that was acknowledged before the call. A synchronous primary acknowledges nothing from then on. */
  cutOffStandby(): Promise<void>;
  /** Ends `cutOffStandby`. Resolves when the standby has all that is there. */
  catchUp(): Promise<void>;
  /** SIGKILL to the primary, and promotes the standby with what it has. */
  promote(): Promise<void>;
  /** After `promote`: a new standby. Until then a synchronous primary acknowledges nothing. */
  addStandby(): Promise<void>;
  stop(): Promise<void>;
}

/** What the primary calls its standby. pg_basebackup calls itself otherwise, so that no commit counts it. */
const STANDBY = "standby";

/** Needs a PostgreSQL of this machine: npm's binaries have no `pg_basebackup`. */
export async function startPostgresPair({ synchronous = true }: StartPostgresPairOptions = {}): Promise<PostgresPair> {
  const settings = synchronous ? { synchronous_standby_names: STANDBY } : {};
  const primary = await startServer(settings);
  try {
    const front = await startTcpProxy(primary);
    const pair = new Pair(settings, primary, front);
    try {
      await pair.addStandby();
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  } catch (error) {
    await primary.stop();
    throw error;
  }
}

type Settings = Readonly<Record<string, string>>;

async function startServer(settings: Settings, copyOf?: string): Promise<PostgresProcess> {
  const options = { settings, port: undefined, durable: true };
  return PostgresProcess.create(await findBinaries("local"), copyOf === undefined ? options : { ...options, copyOf });
}

class Pair implements PostgresPair {
  readonly #settings: Settings;
  readonly #front: TcpProxy;
  #primary: PostgresProcess;
  #standby: { readonly server: PostgresProcess; readonly link: TcpProxy } | undefined;

  constructor(settings: Settings, primary: PostgresProcess, front: TcpProxy) {
    this.#settings = settings;
    this.#primary = primary;
    this.#front = front;
  }

  get url(): string {
    return this.#front.url(this.#primary.url);
  }

  get hosts(): string {
    const servers = [this.#standby?.server, this.#primary].filter((server) => server !== undefined);
    return servers.map(({ host, port }) => `${host}:${port}`).join(",");
  }

  async cutOffStandby(): Promise<void> {
    await this.#untilStandbyHasAll();
    this.#standby?.link.blackhole();
  }

  async catchUp(): Promise<void> {
    this.#standby?.link.restore();
    await this.#untilStandbyHasAll();
  }

  async promote(): Promise<void> {
    const standby = this.#standby;
    if (standby === undefined) throw new Error("There is no standby to promote.");
    this.#standby = undefined;
    await this.#primary.stop("immediate");
    await query(standby.server.url, "SELECT pg_promote(true, 60)");
    await standby.link.stop();
    this.#primary = standby.server;
    this.#front.redirect(standby.server);
    this.#front.cut();
  }

  async addStandby(): Promise<void> {
    const { host, port, user, password, url } = this.#primary;
    const link = await startTcpProxy({ host, port });
    try {
      const primary_conninfo = `host=${link.host} port=${link.port} user=${user} password=${password} application_name=${STANDBY}`;
      this.#standby = { server: await startServer({ ...this.#settings, primary_conninfo }, url), link };
    } catch (error) {
      await link.stop();
      throw error;
    }
    await this.#untilStandbyHasAll();
  }

  async stop(): Promise<void> {
    await this.#front.stop();
    // First the standby: a primary waits until it has sent all.
    await this.#standby?.server.stop("immediate");
    await this.#standby?.link.stop();
    await this.#primary.stop("immediate");
  }

  async #untilStandbyHasAll(): Promise<void> {
    const standby = this.#standby;
    if (standby === undefined) throw new Error("There is no standby.");
    const [written] = await query(this.#primary.url, "SELECT pg_current_wal_flush_lsn()");
    await eventually(
      "the standby has what the primary has",
      async () => {
        const [isThere] = await query(standby.server.url, "SELECT pg_last_wal_receive_lsn() >= $1::pg_lsn", [written]);
        return isThere === true;
      },
      { timeoutMs: 60_000 },
    );
  }
}

/** The values of the first row. */
async function query(url: string, text: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<unknown[]>({ text, values, rowMode: "array" });
    return rows[0] ?? [];
  } finally {
    await client.end().catch(() => {});
  }
}
