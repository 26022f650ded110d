import type { ThreadLease } from "@holdfast/checkpoint-core";
import type { KeepingSaver } from "../retention/target.js";
import { GraphRuns } from "./graph-runs.js";
import { HandMadeRuns, type RunsOptions } from "./hand-made-runs.js";
import type { Seen } from "./history.js";
import type { Action } from "./program.js";
import { ProgramNames } from "./program-names.js";
import { Recorder, type Tell } from "./recorder.js";

export interface ClientOptions {
  readonly name: string;
  /** Different for each client of a store. */
  readonly number: number;
  readonly isRejecting: boolean;
  open(): KeepingSaver;
  close(saver: KeepingSaver): Promise<void>;
  readonly tell: Tell;
}

/** A process of the checker: does what it is told, and records it. */
export class HistoryClient {
  readonly #options: ClientOptions;
  readonly #recorder: Recorder;
  readonly #handMade: HandMadeRuns;
  readonly #graphs: GraphRuns;
  #saver: KeepingSaver;
  #names = new ProgramNames("");
  readonly #leases = new Map<string, ThreadLease>();
  /** Per thread, what is done to it last. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#saver = options.open();
    this.#recorder = new Recorder(options.name, options.tell);
    const { name, number, isRejecting } = options;
    const runs: RunsOptions = {
      name,
      number,
      isRejecting,
      recorder: this.#recorder,
      names: () => this.#names,
      saver: () => this.#saver,
      leaseOf: (thread) => this.#leases.get(thread),
    };
    this.#handMade = new HandMadeRuns(runs);
    this.#graphs = new GraphRuns(runs);
  }

  /** From now on, threads are those of another program. */
  begin(prefix: string): void {
    this.#names = new ProgramNames(prefix);
    this.#handMade.forget();
    this.#graphs.forget();
    this.#leases.clear();
    this.#turns.clear();
  }

  /** Does what it is told when it has done what it was told before of the same thread. */
  perform(action: Action): Promise<void> {
    const thread = "thread" in action ? (action.thread ?? "") : "";
    const before = this.#turns.get(thread) ?? Promise.resolve();
    const turn = before.then(() => this.#do(action));
    this.#turns.set(thread, turn);
    return turn;
  }

  /** Gives free what it holds. */
  async settle(): Promise<void> {
    await Promise.all(this.#turns.values());
    for (const thread of [...this.#leases.keys()]) await this.#release(thread);
  }

  end(): Promise<void> {
    return this.#options.close(this.#saver);
  }

  async #do(action: Action): Promise<void> {
    const [saver, names] = [this.#saver, this.#names];
    switch (action.do) {
      case "begin a run":
        await this.#handMade.begin(action.thread, action.run);
        return;
      case "put":
        return this.#handMade.put(action.thread, "root");
      case "put with writes at once":
        return this.#handMade.putWithWrites(action.thread);
      case "put in subgraph":
        return this.#handMade.put(action.thread, action.isNew ? "new subgraph" : "subgraph");
      case "put again":
        return this.#handMade.put(action.thread, "again");
      case "write":
        return this.#handMade.write(action.thread, action.task, action.isSpecial);
      case "read":
        return this.#handMade.read(action.thread, action.which);
      case "run a graph":
        return this.#graphs.turn(action);
      case "resume":
        return this.#graphs.resume(action);
      case "update the state":
        return this.#graphs.update(action);
      case "look at the state":
        await this.#graphs.look(action.thread, action.which);
        return;
      case "list":
        return this.#list(action.thread);
      case "list threads":
        return this.#listThreads();
      case "delete": {
        const lease = action.isFenced ? this.#leases.get(action.thread) : undefined;
        const token = lease === undefined ? {} : { token: lease.token };
        await this.#recorder.record({ kind: "delete", thread: action.thread, ...token }, () =>
          saver.deleteThread(names.id(action.thread), lease === undefined ? {} : { lease }),
        );
        return;
      }
      case "prune": {
        const { thread, keepLast } = action;
        await this.#recorder.record({ kind: "prune", thread, keepLast }, () => saver.prune([names.id(thread)], { keepLast }));
        return;
      }
      case "sweep":
        await this.#recorder.record({ kind: "prune", keepLast: SWEPT.keepLast }, () => saver.sweep());
        return;
      case "delete runs": {
        const runs = [names.label(action.run)];
        await this.#recorder.record(
          { kind: "delete runs", runs },
          () => saver.deleteForRuns(runs),
          ({ busy }) => ({ busy: names.own(busy) }),
        );
        return;
      }
      case "copy":
        await this.#recorder.record({ kind: "copy", source: action.thread, thread: action.to }, () =>
          saver.copyThread(names.id(action.thread), names.id(action.to)),
        );
        return;
      case "acquire": {
        const { do: _, ...asked } = action;
        const { thread, ttlMs } = action;
        const whenBusy = action.interrupts ? "interrupt" : "wait";
        await this.#release(thread);
        const lease = await this.#recorder.record(
          { kind: "acquire", ...asked },
          () => saver.acquireThread(names.id(thread), { ttlMs, waitMs: 2 * ttlMs, whenBusy, owner: this.#options.name }),
          ({ token }) => ({ token }),
        );
        if (lease !== undefined) this.#leases.set(thread, lease);
        return;
      }
      case "release":
        return this.#release(action.thread);
      case "reopen": {
        this.#saver = this.#options.open();
        for (const lease of this.#leases.values()) lease.leave();
        // What goes on ends first: it would be refused.
        await Promise.all([...this.#turns].filter(([thread]) => thread !== "").map(([, turn]) => turn));
        await this.#options.close(saver);
      }
    }
  }

  async #list(thread: string | undefined): Promise<void> {
    const names = this.#names;
    await this.#recorder.record(
      { kind: "list", ...(thread !== undefined && { thread }) },
      async () => {
        const found: Seen[] = [];
        const configurable = thread === undefined ? {} : { thread_id: names.id(thread) };
        for await (const tuple of this.#saver.list({ configurable })) {
          const seen = names.seen(tuple);
          if (seen !== undefined) found.push(seen);
        }
        return found;
      },
      (seen) => ({ seen }),
    );
  }

  async #listThreads(): Promise<void> {
    const names = this.#names;
    await this.#recorder.record(
      { kind: "list threads" },
      async () => {
        const seen: string[] = [];
        for await (const { threadId } of this.#saver.listThreads()) seen.push(threadId);
        return seen;
      },
      (seen) => ({ seen: names.own(seen) }),
    );
  }

  async #release(thread: string): Promise<void> {
    const lease = this.#leases.get(thread);
    if (lease === undefined) return;
    this.#leases.delete(thread);
    await this.#recorder.record({ kind: "release", thread, token: lease.token }, () => lease.release());
  }
}

/** What a sweep keeps. */
export const SWEPT = { keepLast: 3 };
