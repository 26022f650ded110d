import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { freePort } from "./free-port.js";
import { eventually } from "./gate.js";
import { childrenOf, signalProcess, untilGone } from "./process-state.js";
import { type PostgresBinaries, runnableBinaries } from "./resolve-postgres.js";
import { giveTo, type RunAs, serverFolder, unprivilegedUser } from "./unprivileged-user.js";
import { startWatchdog, type Watchdog } from "./watchdog.js";

const run = promisify(execFile);
const HOST = "127.0.0.1";
const USER = "holdfast";
/** Checked by SCRAM: tests look for it in error texts. */
const PASSWORD = "holdfast";

/** Longest path of a Unix socket on macOS, less the name of PostgreSQL's socket. */
const LONGEST_SOCKET_FOLDER = 104 - "/.s.PGSQL.65535".length - 1;

export interface PostgresProcessOptions {
  readonly settings: Readonly<Record<string, string>>;
  readonly port: number | undefined;
  readonly durable: boolean;
  /** The URL of a primary that this one begins as a copy of, and follows as a standby by the setting `primary_conninfo`. Default: a server with nothing in it. */
  readonly copyOf?: string;
}

class PortTakenError extends Error {}

/** A PostgreSQL server of our own: binaries, a data folder, a port. Killed and started again, it keeps its port and its data. */
export class PostgresProcess {
  readonly host = HOST;
  readonly user = USER;
  readonly password = PASSWORD;
  readonly #binaries: PostgresBinaries;
  readonly #runAs: RunAs;
  readonly #folder: string;
  readonly #watchdog: Watchdog;
  readonly #arguments: readonly string[];
  #port: number;
  #version = "";
  #child: ChildProcess | undefined;
  #stopped = false;

  private constructor(
    binaries: PostgresBinaries,
    runAs: RunAs,
    folder: string,
    watchdog: Watchdog,
    { settings, durable }: PostgresProcessOptions,
    port: number,
  ) {
    this.#binaries = binaries;
    this.#runAs = runAs;
    this.#folder = folder;
    this.#watchdog = watchdog;
    this.#port = port;
    const socketFolder = join(folder, "socket");
    const all = {
      listen_addresses: HOST,
      unix_socket_directories: socketFolder.length > LONGEST_SOCKET_FOLDER ? "" : socketFolder,
      max_connections: "300",
      // Not synchronous_commit: what it changes, the order of commits as others see it, is what tests are about.
      ...(durable ? {} : { fsync: "off", full_page_writes: "off" }),
      ...settings,
    };
    this.#arguments = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  }

  static async create(found: PostgresBinaries, options: PostgresProcessOptions): Promise<PostgresProcess> {
    if (process.platform === "win32") {
      throw new Error("A private PostgreSQL server needs Linux or macOS. On Windows set HOLDFAST_POSTGRES_URL.");
    }
    const runAs = await unprivilegedUser();
    const folder = await serverFolder("postgres", runAs);
    const watchdog = startWatchdog({ signal: "QUIT", folder });
    try {
      const binaries = await runnableBinaries(found, runAs, folder);
      await (options.copyOf === undefined
        ? initializeData(binaries, runAs, folder)
        : copyData(binaries, runAs, folder, options.copyOf));
      const port = options.port ?? (await freePort());
      const server = new PostgresProcess(binaries, runAs, folder, watchdog, options, port);
      await server.#startOnAPort(options.port !== undefined);
      return server;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      watchdog.dismiss();
      throw error;
    }
  }

  get url(): string {
    return `postgres://${USER}:${PASSWORD}@${HOST}:${this.#port}/postgres`;
  }

  get port(): number {
    return this.#port;
  }

  /** As in `SHOW server_version`, without what a distribution appends: `17.6`. */
  get version(): string {
    return this.#version;
  }

  get source(): PostgresBinaries["source"] {
    return this.#binaries.source;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts a killed server again: crash recovery, same port, same data. Does nothing when it runs. */
  async start(): Promise<void> {
    if (this.#stopped) throw new Error("This PostgreSQL server was stopped, and its data with it. Start a new one.");
    if (this.#child !== undefined) return;
    // The log says why a start failed; a start must not read the log of the one before.
    const log = await open(this.#logPath, "w");
    try {
      this.#child = spawn(
        this.#binaries.postgres,
        ["-D", this.#dataFolder, "-p", String(this.#port), ...this.#arguments],
        // Detached: Ctrl-C in the terminal is for the program, which may still want to use its server.
        { cwd: this.#folder, env: serverEnvironment(), detached: true, stdio: ["ignore", log.fd, log.fd], ...this.#runAs },
      );
    } finally {
      await log.close();
    }
    const child = this.#child;
    child.unref();
    child.once("error", () => {});
    this.#watchdog.watch(child.pid);
    try {
      await this.#untilReady(child);
    } catch (error) {
      await this.#sigkill(child);
      throw error;
    }
  }

  /** SIGKILL to the postmaster and all of its backends, as when the machine loses power. Returns when all are gone. */
  async kill(): Promise<void> {
    if (this.#child !== undefined) await this.#sigkill(this.#child);
  }

  /** Ends the server: by a fast shutdown, or at once, as when the machine loses power. The data is removed. */
  async stop(how: "fast" | "immediate" = "fast"): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const child = this.#child;
    if (child !== undefined && how === "immediate") await this.#sigkill(child);
    else if (child?.pid !== undefined) {
      signalProcess(child.pid, "SIGINT");
      await untilGone([child.pid], 30_000).catch(() => this.#sigkill(child));
    }
    this.#child = undefined;
    await rm(this.#folder, { recursive: true, force: true });
    this.#watchdog.dismiss();
  }

  async #startOnAPort(isGiven: boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.start();
      } catch (error) {
        // Somebody took the port after it was found free.
        if (!(error instanceof PortTakenError) || isGiven || attempt === 5) throw error;
        this.#port = await freePort();
      }
    }
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    let whyNot: unknown;
    const ready = await eventually(
      "PostgreSQL is ready",
      async () => {
        if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return "exited";
        try {
          this.#version = await this.#versionOfThisServer();
          return "ready";
        } catch (error) {
          whyNot = error;
          return undefined;
        }
      },
      { timeoutMs: 60_000 },
    ).catch(() => "late");
    if (ready === "ready") return;
    const log = await readFile(this.#logPath, "utf8").catch(() => "");
    const text = `PostgreSQL did not start (${ready}): ${this.#binaries.postgres}\n${log.slice(-4_000)}`;
    if (/could not bind .*: Address already in use/.test(log)) throw new PortTakenError(text);
    throw new Error(text, { cause: whyNot });
  }

  async #versionOfThisServer(): Promise<string> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 5_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ version: string; folder: string }>(
        "SELECT split_part(current_setting('server_version'), ' ', 1) AS version, current_setting('data_directory') AS folder",
      );
      // Another server of ours may have got the port, with the same user and password.
      if (rows[0]?.folder !== this.#dataFolder) throw new PortTakenError(`port ${this.#port} belongs to another server`);
      return rows[0].version;
    } finally {
      await client.end().catch(() => {});
    }
  }

  async #sigkill(child: ChildProcess): Promise<void> {
    if (child.pid !== undefined) {
      // Stopped first, so that no backend is born between listing them and killing them.
      signalProcess(child.pid, "SIGSTOP");
      const family = [child.pid, ...(await childrenOf(child.pid))];
      for (const pid of family) signalProcess(pid, "SIGKILL");
      await untilGone(family);
      // Left behind, it names a process id that the system will give to somebody else.
      await rm(join(this.#dataFolder, "postmaster.pid"), { force: true });
    }
    this.#watchdog.watch(undefined);
    this.#child = undefined;
  }

  get #dataFolder(): string {
    return join(this.#folder, "data");
  }

  get #logPath(): string {
    return join(this.#folder, "postgres.log");
  }
}

async function initializeData({ initdb }: PostgresBinaries, runAs: RunAs, folder: string): Promise<void> {
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, PASSWORD);
  await mkdir(join(folder, "socket"));
  await Promise.all([giveTo(passwordFile, runAs), giveTo(join(folder, "socket"), runAs)]);
  const options = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--no-sync"];
  await run(initdb, ["-D", join(folder, "data"), "-U", USER, `--pwfile=${passwordFile}`, ...options], {
    cwd: folder,
    env: serverEnvironment(),
    ...runAs,
  });
}

async function copyData({ postgres }: PostgresBinaries, runAs: RunAs, folder: string, primary: string): Promise<void> {
  const [data, socket] = [join(folder, "data"), join(folder, "socket")];
  await mkdir(socket);
  const options = ["--checkpoint=fast", "--wal-method=stream", "--no-sync"];
  await run(join(dirname(postgres), "pg_basebackup"), ["-D", data, "-d", primary, ...options], {
    cwd: folder,
    env: serverEnvironment(),
    ...runAs,
  });
  await writeFile(join(data, "standby.signal"), "");
  await Promise.all([giveTo(join(data, "standby.signal"), runAs), giveTo(socket, runAs)]);
}

/** PGDATA, PGPORT and their kin are meant for somebody else's server. */
function serverEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("PG"));
  return { ...Object.fromEntries(own), LC_ALL: "C" };
}
