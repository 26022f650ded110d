import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { RunEvent } from "./ledger.js";
import type { WorkerReport } from "./worker.js";

const STDERR_KEPT = 8_000;

export interface WorkerProcess {
  readonly number: number;
  readonly pid: number;
  readonly url: string;
}

interface Worker {
  readonly number: number;
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  url: string | undefined;
  /** SIGKILL was sent to it, by us. */
  killed: boolean;
  /** Set while it is stopped: lets it go on, also when we are killed meanwhile. */
  thawer: ChildProcess | undefined;
  requests: number;
  /** Tasks in the middle of which it is. */
  readonly tasks: Set<string>;
}

export interface SupervisorOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly onEvent: (worker: WorkerProcess, event: RunEvent) => void;
}

/** Starts workers, kills them, and starts others in their place; freezes workers, and lets them go on. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #workers = new Map<number, Worker>();
  readonly #waiting = new Set<() => void>();
  readonly killedPids: number[] = [];
  /** Rejects when a worker ends that nobody has killed. */
  readonly failed: Promise<never>;
  #fail: (error: Error) => void = () => {};
  #started = 0;
  #wanted = 0;
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  async start(workers: number): Promise<void> {
    this.#wanted = workers;
    for (let n = 0; n < workers; n++) this.#spawn();
    await this.#until(() => this.#ready.length === workers || undefined);
  }

  /** The worker for the next request: not `previous`, as long as there is more than one; of the others the least busy. Waits for one to be ready. */
  async use<Result>(previous: number | undefined, request: (worker: WorkerProcess) => Promise<Result>): Promise<Result> {
    const worker = await this.#until(() => {
      const candidates = this.#ready.filter(({ number }) => number !== previous || this.#wanted === 1);
      const [leastBusy] = candidates.sort((a, b) => a.requests - b.requests || a.number - b.number);
      // Counted at once, so that those who ask at the same time are spread.
      if (leastBusy !== undefined) leastBusy.requests += 1;
      return leastBusy;
    });
    try {
      return await request(asProcess(worker));
    } finally {
      worker.requests -= 1;
    }
  }

  /** SIGKILL in the middle of a node. `false`: it is not in one, or was dying already. */
  killInNode({ number }: WorkerProcess): boolean {
    const worker = this.#workers.get(number);
    if (worker === undefined || !this.#isAtNode(worker)) return false;
    worker.killed = true;
    this.killedPids.push(worker.child.pid ?? 0);
    worker.child.kill("SIGKILL");
    return true;
  }

  /** SIGSTOP in the middle of a node. `false`: it is not in one, or too few others would be left. */
  freezeInNode({ number }: WorkerProcess): boolean {
    const worker = this.#workers.get(number);
    const frozen = [...this.#workers.values()].filter(({ thawer }) => thawer !== undefined).length;
    if (worker === undefined || !this.#isAtNode(worker) || frozen >= Math.max(1, this.#wanted - 2)) return false;
    worker.thawer = thawerOf(worker.child);
    worker.child.kill("SIGSTOP");
    return true;
  }

  /** SIGCONT. */
  thaw({ number }: WorkerProcess): void {
    const worker = this.#workers.get(number);
    if (worker?.thawer === undefined) return;
    worker.child.kill("SIGCONT");
    worker.thawer.stdin?.end();
    worker.thawer = undefined;
    this.#wake();
  }

  #isAtNode({ killed, thawer, tasks }: Worker): boolean {
    return !killed && thawer === undefined && tasks.size > 0 && !this.#stopping;
  }

  /** Resolves when the process is gone; rejects when it lives on for `timeoutMs`. */
  async untilGone({ number }: WorkerProcess, timeoutMs: number): Promise<void> {
    const worker = this.#workers.get(number);
    if (worker === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Worker ${number} closed a connection, but is alive.`)), timeoutMs);
    });
    await Promise.race([worker.exited, late]).finally(() => clearTimeout(timer));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#fail(new Error("The run was stopped."));
    const workers = [...this.#workers.values()];
    for (const { child, thawer } of workers) {
      child.kill("SIGKILL");
      thawer?.stdin?.end();
    }
    await Promise.all(workers.map(({ exited }) => exited));
  }

  get #ready(): Worker[] {
    return [...this.#workers.values()].filter(({ url, killed, thawer }) => url !== undefined && !killed && thawer === undefined);
  }

  #spawn(): void {
    const child = fork(fileURLToPath(new URL("./worker.js", import.meta.url)), [], {
      env: this.#options.env,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const worker: Worker = {
      number: ++this.#started,
      child,
      // "close" comes after the last line of stderr.
      exited: once(child, "close").catch(() => {}),
      url: undefined,
      killed: false,
      thawer: undefined,
      requests: 0,
      tasks: new Set(),
    };
    this.#workers.set(worker.number, worker);
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-STDERR_KEPT);
    });
    child.on("message", (report: WorkerReport) => {
      if (!worker.killed) this.#heard(worker, report);
    });
    child.on("error", (error) => this.#fail(error));
    child.on("close", (code, signal) => {
      this.#workers.delete(worker.number);
      if (this.#stopping) return;
      if (worker.killed) return this.#spawn();
      const how = signal ?? `exit code ${code}`;
      this.#fail(new Error(`Worker ${worker.number} ended by itself (${how}). Its last words:\n${stderr.trimEnd() || "(none)"}`));
    });
  }

  #heard(worker: Worker, report: WorkerReport): void {
    switch (report.kind) {
      case "ready":
        worker.url = `http://127.0.0.1:${report.port}`;
        this.#wake();
        break;
      case "failed":
        this.#fail(new Error(report.reason));
        break;
      default:
        if (report.kind === "begin") worker.tasks.add(report.task);
        if (report.kind === "end") worker.tasks.delete(report.task);
        this.#options.onEvent(asProcess(worker), report);
    }
  }

  /** Waits until `find` finds something; asks again whenever a worker has become ready. */
  async #until<Found>(find: () => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await Promise.race([new Promise<void>((resolve) => this.#waiting.add(resolve)), this.failed]);
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

function asProcess({ number, child, url = "" }: Worker): WorkerProcess {
  return { number, pid: child.pid ?? 0, url };
}

/** A stopped process does not notice that we are gone. The shell does: its input ends. */
function thawerOf({ pid }: ChildProcess): ChildProcess {
  const thawer = spawn("sh", ["-c", 'read -r _; kill -CONT "$1"', "sh", String(pid)], { stdio: ["pipe", "ignore", "ignore"] });
  thawer.on("error", () => {});
  thawer.stdin?.on("error", () => {});
  return thawer;
}
