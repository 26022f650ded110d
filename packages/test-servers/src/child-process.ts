import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { eventually } from "./gate.js";
import { processState } from "./process-state.js";
import { startWatchdog } from "./watchdog.js";

export interface SpawnNodeOptions {
  readonly args?: readonly string[];
  /** Added to the environment of this process; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Options of Node itself. Default: none; those of this process (a test runner's, say) are not passed on. */
  readonly execArgv?: readonly string[];
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A Node process that tests can talk to, freeze and kill. It dies with the process that started it. */
export interface NodeChild {
  readonly pid: number;
  /** What the child printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** When the process is gone and all that it printed and sent has arrived. */
  readonly exited: Promise<ChildExit>;
  /** Values that can be cloned: also `Map`, `Date`, `bigint`, bytes, errors. */
  send(message: unknown): Promise<void>;
  /** Takes the messages that nobody took yet, until the child is gone. */
  readonly messages: AsyncIterable<unknown>;
  /** Takes the next message (that `predicate` accepts; the others stay). A child that exits instead is an error with what it printed. */
  nextMessage(): Promise<unknown>;
  nextMessage<T>(predicate: (message: unknown) => message is T): Promise<T>;
  nextMessage(predicate: (message: unknown) => boolean): Promise<unknown>;
  /** Default: SIGKILL. Resolves when the child is gone; a child that catches the signal and lives keeps it waiting. */
  kill(signal?: NodeJS.Signals): Promise<ChildExit>;
  /** SIGSTOP: the process stands still until `continue`, as in a long garbage collection or on a paused virtual machine. */
  stop(): Promise<void>;
  /** SIGCONT. */
  continue(): void;
}

/**
 * Runs a script in a new Node process, connected by IPC (`process.send`, `process.on("message")`). A `.ts` script may import this repository's
 * packages: it gets their sources.
 */
export async function spawnNode(script: string | URL, options: SpawnNodeOptions = {}): Promise<NodeChild> {
  const path = script instanceof URL || script.startsWith("file:") ? fileURLToPath(script) : script;
  const child = fork(path, options.args ?? [], {
    env: { ...process.env, ...options.env },
    execArgv: [...(path.endsWith(".ts") ? runTypeScript() : []), ...(options.execArgv ?? [])],
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  const watchdog = startWatchdog({ signal: "KILL" });
  watchdog.watch(child.pid);
  return new SpawnedNode(child, path, () => watchdog.dismiss());
}

/** Node 20 does not run TypeScript by itself, and a newer one does not find "./name.js" that is "./name.ts". */
function runTypeScript(): string[] {
  const hooks = new URL("./typescript-hooks.mjs", import.meta.url).href;
  const register = `import { register } from "node:module"; register(${JSON.stringify(hooks)});`;
  return [
    "--conditions=@holdfast/source",
    "--enable-source-maps",
    "--import",
    `data:text/javascript,${encodeURIComponent(register)}`,
  ];
}

class SpawnedNode implements NodeChild {
  readonly pid: number;
  readonly exited: Promise<ChildExit>;
  readonly #child: ChildProcess;
  readonly #script: string;
  readonly #mailbox: unknown[] = [];
  readonly #waiting = new Set<() => void>();
  #exit: ChildExit | undefined;
  #stdout = "";
  #stderr = "";

  constructor(child: ChildProcess, script: string, onExit: () => void) {
    this.pid = child.pid as number;
    this.#child = child;
    this.#script = script;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    child.on("message", (message) => {
      this.#mailbox.push(message);
      this.#wake();
    });
    // A message to a child that just died; `send` reports it to its caller.
    child.on("error", () => {});
    const closed = new Promise<ChildExit>((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
    // The channel may still hold messages when the process and its output are gone.
    const disconnected = new Promise<void>((resolve) => child.once("disconnect", resolve));
    this.exited = Promise.all([closed, disconnected]).then(([exit]) => {
      this.#exit = exit;
      onExit();
      this.#wake();
      return exit;
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get messages(): AsyncIterable<unknown> {
    return this.#messages();
  }

  send(message: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      // The types know JSON only; the channel clones, see `serialization`.
      this.#child.send(message as object, (error) => (error ? reject(error) : resolve()));
    });
  }

  async nextMessage<T>(predicate: (message: unknown) => boolean = () => true): Promise<T> {
    for (;;) {
      const at = this.#mailbox.findIndex(predicate);
      if (at >= 0) return this.#mailbox.splice(at, 1)[0] as T;
      if (this.#exit !== undefined) {
        const { code, signal } = this.#exit;
        throw new Error(
          `${this.#script} exited (code ${code}, signal ${signal}) before the message came.\n${this.#stdout}${this.#stderr}`,
        );
      }
      await this.#news();
    }
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<ChildExit> {
    this.#child.kill(signal);
    return this.exited;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGSTOP");
    await eventually(`process ${this.pid} stands still`, async () => (await processState(this.pid)) === "T");
  }

  continue(): void {
    this.#child.kill("SIGCONT");
  }

  async *#messages(): AsyncGenerator<unknown> {
    for (;;) {
      if (this.#mailbox.length > 0) yield this.#mailbox.shift();
      else if (this.#exit !== undefined) return;
      else await this.#news();
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const resume of this.#waiting) resume();
    this.#waiting.clear();
  }
}
