import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.js";
import { eventually } from "./gate.js";
import { processState, signalProcess, untilGone } from "./process-state.js";
import { onRedis, redisInfo } from "./redis-connection.js";
import type { RedisBinary } from "./resolve-redis.js";
import { giveTo, type RunAs, serverFolder, unprivilegedUser } from "./unprivileged-user.js";
import { startWatchdog, type Watchdog } from "./watchdog.js";

/** Directives of redis.conf and their values as they stand there; a list is a directive that stands there several times. */
export type RedisSettings = Readonly<Record<string, string | readonly string[]>>;

const HOST = "127.0.0.1";
/** Unlike any other word: tests look for it in error texts. */
const PASSWORD = "correct-horse-battery";

export interface RedisProcessOptions {
  readonly settings: RedisSettings;
  readonly port?: number | undefined;
  /** Gives the port, when none is given. Default `freePort`. */
  readonly choosePort?: () => Promise<number>;
  /** Default: a server. A sentinel has neither data nor password. */
  readonly role?: "server" | "sentinel";
}

class PortTakenError extends Error {}

export interface RedisStartOptions {
  /** The master that it follows from its first moment on, so that it never is a master with nothing in it. */
  readonly replicaOf?: { readonly host: string; readonly port: number };
}

/** A Redis server of our own: a folder with its configuration and data, a port. Killed and started again, it keeps them. */
export class RedisProcess {
  readonly host = HOST;
  readonly password: string;
  readonly #binary: RedisBinary;
  readonly #runAs: RunAs;
  readonly #folder: string;
  readonly #watchdog: Watchdog;
  readonly #role: "server" | "sentinel";
  readonly #settings: RedisSettings;
  #port: number;
  #version = "";
  #child: ChildProcess | undefined;
  #stopped = false;

  private constructor(
    binary: RedisBinary,
    runAs: RunAs,
    folder: string,
    watchdog: Watchdog,
    { settings, role = "server" }: RedisProcessOptions,
    port: number,
  ) {
    this.#binary = binary;
    this.#runAs = runAs;
    this.#folder = folder;
    this.#watchdog = watchdog;
    this.#role = role;
    this.#port = port;
    this.password = role === "server" ? PASSWORD : "";
    this.#settings = {
      bind: HOST,
      dir: folder,
      ...(role === "server" ? SERVER_SETTINGS : {}),
      ...settings,
    };
  }

  static async create(binary: RedisBinary, options: RedisProcessOptions): Promise<RedisProcess> {
    if (process.platform === "win32") {
      throw new Error("A private Redis server needs Linux or macOS. On Windows set HOLDFAST_REDIS_URL.");
    }
    const { port, choosePort = freePort, role = "server" } = options;
    // Redis would run as root; as somebody else, it can do no harm outside its folder.
    const runAs = await unprivilegedUser();
    const folder = await serverFolder(role === "server" ? "redis" : "redis-sentinel", runAs);
    const watchdog = startWatchdog({ signal: "KILL", folder });
    try {
      const server = new RedisProcess(binary, runAs, folder, watchdog, options, port ?? (await choosePort()));
      await server.#startOnAPort(port === undefined ? choosePort : undefined);
      return server;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      watchdog.dismiss();
      throw error;
    }
  }

  get url(): string {
    return this.password === "" ? `redis://${HOST}:${this.#port}` : `redis://:${this.password}@${HOST}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Of Valkey its own, not that of the Redis it says it is like. */
  get version(): string {
    return this.#version;
  }

  get source(): RedisBinary["source"] {
    return this.#binary.source;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts a killed server again: same port, and the data that it had on disk. Does nothing when it runs. */
  async start({ replicaOf }: RedisStartOptions = {}): Promise<void> {
    if (this.#stopped) throw new Error("This Redis server was stopped, and its data with it. Start a new one.");
    if (this.#child !== undefined) return;
    // The log says why a start failed; a start must not read the log of the one before.
    const log = await open(this.#logPath, "w");
    try {
      this.#child = spawn(
        this.#binary.path,
        [
          this.#configurationPath,
          ...(this.#role === "sentinel" ? ["--sentinel"] : []),
          ...(replicaOf === undefined ? [] : ["--replicaof", replicaOf.host, String(replicaOf.port)]),
        ],
        // Detached: Ctrl-C in the terminal is for the program, which may still want to use its server.
        {
          cwd: this.#folder,
          env: { ...process.env, ...this.#binary.env },
          detached: true,
          stdio: ["ignore", log.fd, log.fd],
          ...this.#runAs,
        },
      );
    } finally {
      await log.close();
    }
    const child = this.#child;
    child.unref();
    let whyNot: unknown;
    child.once("error", (error) => {
      whyNot = error;
    });
    this.#watchdog.watch(child.pid);
    try {
      await this.#untilReady(child);
    } catch (error) {
      await this.#sigkill(child);
      throw whyNot === undefined ? error : new Error(`${this.#binary.path} cannot be run: ${whyNot}`, { cause: error });
    }
  }

  /** SIGKILL, as when the machine loses power. Returns when the process is gone. */
  async kill(): Promise<void> {
    if (this.#child !== undefined) await this.#sigkill(this.#child);
  }

  /** SIGSTOP: connections stand and new ones are made, and nothing is answered. Returns when the process stands still. */
  async pause(): Promise<void> {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("This Redis server does not run; there is nothing to pause.");
    signalProcess(pid, "SIGSTOP");
    await eventually(`Redis ${pid} stands still`, async () => (await processState(pid)) === "T");
  }

  /** SIGCONT: what was asked meanwhile is answered now. */
  async resume(): Promise<void> {
    const pid = this.#child?.pid;
    if (pid !== undefined) signalProcess(pid, "SIGCONT");
  }

  /** Ends the server and removes its data. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    // Not SIGTERM: a master would wait for its replicas, and what it would write is removed.
    if (this.#child !== undefined) await this.#sigkill(this.#child);
    await rm(this.#folder, { recursive: true, force: true });
    this.#watchdog.dismiss();
  }

  async #startOnAPort(choosePort: (() => Promise<number>) | undefined): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#configure();
        return await this.start();
      } catch (error) {
        // Somebody took the port after it was found free.
        if (!(error instanceof PortTakenError) || choosePort === undefined || attempt === 5) throw error;
        this.#port = await choosePort();
      }
    }
  }

  /** Once, not at every start: sentinels write into this file which role a server has. */
  async #configure(): Promise<void> {
    const lines = Object.entries({ port: String(this.#port), ...this.#settings }).flatMap(([name, values]) =>
      // Not in the arguments, where the process table would show the password.
      [values].flat().map((value) => `${name} ${value === "" ? '""' : value}\n`),
    );
    await writeFile(this.#configurationPath, lines.join(""));
    await giveTo(this.#configurationPath, this.#runAs);
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    let whyNot: unknown;
    const ready = await eventually(
      "Redis is ready",
      async () => {
        if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return "exited";
        try {
          return (await this.#isReady(child.pid)) ? "ready" : undefined;
        } catch (error) {
          whyNot = error;
          return undefined;
        }
      },
      { timeoutMs: 30_000 },
    ).catch(() => "late");
    if (ready === "ready") return;
    const log = await readFile(this.#logPath, "utf8").catch(() => "");
    const text = `Redis did not start (${ready}): ${this.#binary.path}\n${log.slice(-4_000)}`;
    if (/Address already in use/.test(log)) throw new PortTakenError(text);
    throw new Error(text, { cause: whyNot });
  }

  /** Answers, and has read its data. */
  #isReady(pid: number): Promise<boolean> {
    return onRedis(this.url, async (redis) => {
      const { process_id, redis_version, valkey_version, loading } = await redisInfo(redis);
      // Another server of ours may have got the port, with the same password; this one is about to find that out.
      if (process_id !== String(pid)) throw new Error(`port ${this.#port} belongs to another server`);
      this.#version = valkey_version ?? redis_version ?? "";
      return loading !== "1";
    });
  }

  async #sigkill(child: ChildProcess): Promise<void> {
    if (child.pid !== undefined) {
      signalProcess(child.pid, "SIGKILL");
      await untilGone([child.pid]);
    }
    this.#watchdog.watch(undefined);
    this.#child = undefined;
  }

  get #configurationPath(): string {
    return join(this.#folder, "redis.conf");
  }

  get #logPath(): string {
    return join(this.#folder, "redis.log");
  }
}

const SERVER_SETTINGS: RedisSettings = {
  requirepass: PASSWORD,
  masterauth: PASSWORD,
  save: "",
  appendonly: "no",
  "maxmemory-policy": "noeviction",
  // A new replica is served at once, not after five seconds in which others might come.
  "repl-diskless-sync-delay": "0",
};
