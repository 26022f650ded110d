import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { type UnpackedProgram, unpackDebianPackage } from "./debian-package.js";
import { findProgram } from "./find-program.js";
import { freePort } from "./free-port.js";
import { eventually } from "./gate.js";
import { signalProcess, untilGone } from "./process-state.js";
import { giveTo, serverFolder, unprivilegedUser } from "./unprivileged-user.js";
import { startWatchdog } from "./watchdog.js";

/** The server to pool connections to: a `PostgresServer`, or a proxy's host and port with a server's user and password. */
export interface PgBouncerTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface StartPgBouncerOptions {
  /** Default: `transaction`, the mode that forbids state in the session. */
  readonly poolMode?: "session" | "transaction" | "statement";
  /** Server connections per user and database. Default 5, fewer than most tests have clients. */
  readonly poolSize?: number;
}

export interface PgBouncer {
  /** Of the database `postgres`; `withDatabaseName` gives others. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";

/** A real PgBouncer in front of a server: the one of this machine, or on Debian and Ubuntu its package, unpacked and not installed. */
export async function startPgBouncer(
  server: PgBouncerTarget,
  { poolMode = "transaction", poolSize = 5 }: StartPgBouncerOptions = {},
): Promise<PgBouncer> {
  const { binary, env } = await findPgBouncer();
  const runAs = await unprivilegedUser();
  const folder = await serverFolder("pgbouncer", runAs);
  const watchdog = startWatchdog({ signal: "TERM", folder });
  const port = await freePort();
  const configuration = join(folder, "pgbouncer.ini");
  const users = join(folder, "users.txt");
  const logPath = join(folder, "pgbouncer.log");

  async function stop(): Promise<void> {
    const pid = child?.pid;
    // SIGTERM, not SIGINT: the latter waits for the clients to finish.
    if (pid !== undefined && signalProcess(pid, "SIGTERM")) {
      await untilGone([pid], 5_000).catch(() => signalProcess(pid, "SIGKILL"));
    }
    await rm(folder, { recursive: true, force: true });
    watchdog.dismiss();
  }

  let child: ChildProcess | undefined;
  try {
    // The password in plain text serves both sides: PgBouncer checks its clients with it, and logs in to the server.
    await writeFile(users, `"${doubled(server.user)}" "${doubled(server.password)}"\n`);
    await writeFile(
      configuration,
      `[databases]
* = host=${server.host} port=${server.port}
[pgbouncer]
listen_addr = ${HOST}
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = ${poolMode}
default_pool_size = ${poolSize}
max_client_conn = 500
`,
    );
    await giveTo(folder, runAs);
    const log = await open(logPath, "w");
    child = spawn(binary, [configuration], {
      cwd: folder,
      detached: true,
      env: { ...process.env, ...env },
      stdio: ["ignore", log.fd, log.fd],
      ...runAs,
    });
    await log.close();
    child.unref();
    child.once("error", () => {});
    watchdog.watch(child.pid);
    const url = new URL(`postgres://${HOST}:${port}/postgres`);
    url.username = encodeURIComponent(server.user);
    url.password = encodeURIComponent(server.password);
    await untilReady(url.href, child);
    return { url: url.href, host: HOST, port, stop };
  } catch (error) {
    const log = await readFile(logPath, "utf8").catch(() => "");
    await stop();
    throw new Error(`PgBouncer did not start: ${binary}\n${log.slice(-4_000)}`, { cause: error });
  }
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const outcome = await eventually("PgBouncer passes a query on", async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return "exited";
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query("SELECT 1");
      return "ready";
    } finally {
      await client.end().catch(() => {});
    }
  });
  if (outcome === "exited") throw new Error("PgBouncer exited");
}

async function findPgBouncer(): Promise<UnpackedProgram> {
  const installed = await findProgram(["pgbouncer"]);
  if (installed !== undefined) return { binary: installed, env: {} };
  const unpacked = await unpackDebianPackage("pgbouncer", "usr/sbin/pgbouncer");
  if (unpacked !== undefined) return unpacked;
  throw new Error(
    "No PgBouncer found for the tests. Get it:\n" +
      "  Debian, Ubuntu:   sudo apt-get install pgbouncer\n" +
      "  macOS:            brew install pgbouncer",
  );
}

/** The way PgBouncer's user list escapes a quote. */
function doubled(text: string): string {
  return text.replaceAll('"', '""');
}
