import { LeaseLostError, ThreadBusyError, ThreadLease } from "@holdfast/checkpoint-core";
import type { CheckpointStore } from "@holdfast/checkpoint-core/adapter";
import { eventually, type Gate, gate } from "@holdfast/test-servers";
import type { LeasedLists } from "./leased-lists.js";

/** What a store of leases may get wrong. */
export type Fault = "no fence" | "client clock" | "release without compare";

/** Lists under leases in memory, right or with a fault. */
export class MemoryLeases {
  readonly list: string[] = [];
  readonly #fault: Fault | undefined;
  #token = 0;
  #until = Number.NEGATIVE_INFINITY;

  constructor(fault?: Fault) {
    this.#fault = fault;
  }

  /** @param clock of the client; a store that is right does not look at it. */
  acquire(ttlMs: number, clock: number): string | undefined {
    const time = this.#fault === "client clock" ? clock : performance.now();
    if (time < this.#until) return undefined;
    this.#token += 1;
    this.#until = time + ttlMs;
    return `${this.#token}`;
  }

  renew(token: string, ttlMs: number): boolean {
    if (!this.#isLive(token)) return false;
    this.#until = performance.now() + ttlMs;
    return true;
  }

  release(token: string): void {
    if (this.#fault === "release without compare" || token === `${this.#token}`) this.#until = Number.NEGATIVE_INFINITY;
  }

  write(token: string, list: readonly string[]): void {
    if (this.#fault !== "no fence" && !this.#isLive(token)) throw new LeaseLostError("list");
    this.list.splice(0, this.list.length, ...list);
  }

  #isLive(token: string): boolean {
    return token === `${this.#token}` && performance.now() < this.#until;
  }
}

/** A client's way to the store, which can be held up: the leases and writes are those of a process that stands still, or is cut off. */
export class Link implements LeasedLists {
  readonly #store: MemoryLeases;
  readonly #hoursAhead: number;
  #held: Gate | undefined;

  constructor(store: MemoryLeases, hoursAhead = 0) {
    this.#store = store;
    this.#hoursAhead = hoursAhead;
  }

  hold(): void {
    this.#held = gate();
  }

  letGo(): void {
    this.#held?.open();
    this.#held = undefined;
  }

  async acquire(thread: string, { ttlMs, waitMs }: { readonly ttlMs: number; readonly waitMs: number }) {
    const clock = (): number => performance.now() + this.#hoursAhead * 3_600_000;
    let askedAt = 0;
    const ask = (): string | undefined => {
      askedAt = performance.now();
      return this.#store.acquire(ttlMs, clock());
    };
    const token = waitMs > 0 ? await eventually("the lease is free", ask, { timeoutMs: waitMs }) : ask();
    if (token === undefined) throw new ThreadBusyError(thread, undefined, 0);
    const lease = new ThreadLease(this.#asStore(), thread, token, ttlMs, askedAt, () => undefined);
    return {
      token,
      append: async (value: string) => {
        const list = [...this.#store.list, value];
        await this.#held?.opened;
        this.#store.write(token, list);
      },
      release: () => lease.release(),
      leave: () => lease.leave(),
    };
  }

  /** As much of a store as a lease needs. */
  #asStore(): CheckpointStore {
    const leases: Pick<CheckpointStore, "renewLease" | "releaseLease"> = {
      renewLease: async (_, token, ttlMs) => {
        await this.#held?.opened;
        return this.#store.renew(token, ttlMs) ? undefined : { kind: "lease-lost" };
      },
      releaseLease: async (_, token) => {
        await this.#held?.opened;
        this.#store.release(token);
      },
    };
    return leases as CheckpointStore;
  }
}
