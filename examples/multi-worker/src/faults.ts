import { EventEmitter, once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { FaultPlan } from "./fault-plan.js";
import type { RunEvent } from "./ledger.js";
import type { PlannedTurn } from "./play.js";
import type { Supervisor, WorkerProcess } from "./supervisor.js";

/** How long a frozen worker is waited for, after it goes on, to find out that it was fenced. */
const FENCED_WITHIN_MS = 3_000;

export interface FaultsOptions {
  readonly supervisor: Supervisor;
  readonly turns: readonly PlannedTurn[];
  readonly kills: number;
  readonly freezes: number;
  /** How long the workers' leases last. */
  readonly leaseMs: number;
  readonly latencyMs: number;
  readonly random: () => number;
  readonly onFrozen: (worker: WorkerProcess) => void;
}

/** What happens to the workers while they are in the middle of nodes, by plan: SIGKILL, or SIGSTOP for longer than their leases last, then SIGCONT. */
export class Faults {
  readonly #options: FaultsOptions;
  readonly #kills: FaultPlan;
  readonly #freezes: FaultPlan;
  readonly #current = new Map<string, PlannedTurn>();
  readonly #events = new EventEmitter().setMaxListeners(0);

  constructor(options: FaultsOptions) {
    this.#options = options;
    const { turns, kills, freezes, random } = options;
    this.#kills = new FaultPlan(turns, kills, random);
    // One at a time, and it takes a while.
    this.#freezes = new FaultPlan(turns, freezes, random, 0.6);
  }

  turnBegins(turn: PlannedTurn): void {
    this.#current.set(turn.thread, turn);
  }

  turnIsOver(turn: PlannedTurn): void {
    this.#kills.over(turn);
    this.#freezes.over(turn);
  }

  heard(worker: WorkerProcess, event: RunEvent): void {
    if (event.kind === "resume") this.#events.emit(`resume ${event.thread}`);
    if (event.kind === "fenced") this.#events.emit(`fenced ${worker.number}`);
    if (event.kind === "begin") this.#nodeBegins(worker, event.thread);
  }

  #nodeBegins(worker: WorkerProcess, thread: string): void {
    const turn = this.#current.get(thread);
    if (turn === undefined) return;
    if (this.#freezes.claim(turn) !== undefined) void this.#freeze(worker, thread);
    const claimed = this.#kills.claim(turn);
    if (claimed === undefined) return;
    const kill = () => {
      if (!this.#options.supervisor.killInNode(worker)) this.#kills.missed();
    };
    // While the worker is at this node, or at another one: it serves several threads, and a thread's tools take up to a few times the latency.
    // What is made up for cannot wait: there may be few nodes left.
    const delayMs = claimed === "planned" ? this.#options.random() * 3 * this.#options.latencyMs : 0;
    setTimeout(kill, delayMs);
  }

  /** The worker goes on when its leases have ended, and when another one is at the conversation, or has been: then it would do harm if it could. */
  async #freeze(worker: WorkerProcess, thread: string): Promise<void> {
    const { supervisor, leaseMs, onFrozen } = this.#options;
    if (!supervisor.freezeInNode(worker)) return this.#freezes.missed();
    onFrozen(worker);
    const isPickedUp = once(this.#events, `resume ${thread}`);
    // A conversation that waits for an approval is picked up by nobody.
    await Promise.race([Promise.all([pause(1.2 * leaseMs), isPickedUp]), pause(3 * leaseMs)]);
    const isFenced = once(this.#events, `fenced ${worker.number}`).then(() => true);
    supervisor.thaw(worker);
    if (!(await Promise.race([isFenced, pause(FENCED_WITHIN_MS)]))) this.#freezes.missed();
  }
}

/** The run does not wait for it. */
function pause(milliseconds: number): Promise<false> {
  return wait(milliseconds, false, { ref: false });
}
