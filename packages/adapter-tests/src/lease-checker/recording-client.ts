import { recorded } from "../recorded.js";
import type { Operation } from "./history.js";
import type { LeasedLists, ListLease } from "./leased-lists.js";

/** Told of each operation twice: when it is asked for, with an unknown outcome, and when it is answered. */
export type Log = (id: string, operation: Operation) => Promise<void> | void;

const REFUSALS: readonly string[] = ["HOLDFAST_THREAD_BUSY", "HOLDFAST_LEASE_LOST"];

/** A client of leased lists that logs what it does. */
export class RecordingClient {
  readonly #name: string;
  readonly #lists: LeasedLists;
  readonly #log: Log;
  #operations = 0;

  constructor(name: string, lists: LeasedLists, log: Log) {
    this.#name = name;
    this.#lists = lists;
    this.#log = log;
  }

  /** @returns `undefined` when it was refused, or nobody knows. */
  async acquire(thread: string, options: { readonly ttlMs: number; readonly waitMs: number }): Promise<ListLease | undefined> {
    const asked = { kind: "acquire", thread, ttlMs: options.ttlMs } as const;
    return this.#record(
      asked,
      () => this.#lists.acquire(thread, options),
      (lease) => ({ token: lease.token }),
    );
  }

  async append(thread: string, lease: ListLease): Promise<void> {
    const value = `${this.#name}:${this.#operations}`;
    await this.#record({ kind: "append", thread, token: lease.token, value }, () => lease.append(value));
  }

  async release(thread: string, lease: ListLease): Promise<void> {
    await this.#record({ kind: "release", thread, token: lease.token }, () => lease.release());
  }

  #record<Result>(what: object, run: () => Promise<Result>, learned?: (result: Result) => object): Promise<Result | undefined> {
    this.#operations += 1;
    const id = `${this.#name}:${this.#operations}`;
    const asked = { ...what, client: this.#name };
    return recorded((answer) => this.#log(id, { ...asked, ...answer } as Operation), REFUSALS, run, learned);
  }
}
