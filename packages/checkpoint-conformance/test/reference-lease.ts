import type { RunnableConfig } from "@langchain/core/runnables";
import type { Lease } from "../src/leasing-saver.js";
import { ReferenceSaverError } from "./reference-store.js";

/** How a token gets to the saver: LangGraph hands it on to every saver call of a run. */
export const TOKENS = "__reference_leases";

// biome-ignore lint/style/noRestrictedGlobals: a lease has a time; nothing waits for it here.
const startTimer = setTimeout;

/** What a lease asks of the store. */
export interface LeaseKeeper {
  /** Whether the lease was still there. */
  renew(): boolean;
  release(): void;
}

/** A lease that renews itself until it is released, left or lost. */
export class ReferenceLease implements Lease {
  readonly threadId: string;
  readonly token: string;
  readonly config: RunnableConfig;
  readonly #lost = new AbortController();
  readonly #ttlMs: number;
  readonly #keeper: LeaseKeeper;
  #deadline: number;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(threadId: string, token: bigint, ttlMs: number, keeper: LeaseKeeper) {
    this.threadId = threadId;
    this.token = `${token}`;
    this.config = { configurable: { thread_id: threadId, [TOKENS]: { [threadId]: this.token } } };
    this.#ttlMs = ttlMs;
    this.#keeper = keeper;
    this.#deadline = performance.now() + ttlMs;
    this.#schedule();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async release(): Promise<void> {
    if (this.#hasEnded) return;
    this.leave();
    this.#keeper.release();
  }

  leave(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = startTimer(() => {
      const isLate = performance.now() >= this.#deadline;
      if (isLate || !this.#keeper.renew()) {
        this.leave();
        this.#lost.abort(new ReferenceSaverError("leaseLost", `The lease of ${this.threadId} is lost.`));
        return;
      }
      this.#deadline = performance.now() + this.#ttlMs;
      this.#schedule();
    }, this.#ttlMs / 3).unref();
  }
}

/** Lets some time go by, while a lease ends or is released elsewhere. */
export const aWhile = (): Promise<void> => new Promise((resolve) => void startTimer(resolve, 5));
