/**
 * A moment by the clock of the store, just read, from which this process's monotonic clock goes on. A command that carries the time at which its process gives
 * it up is refused by the store when the network delivers it later.
 */
export class StoreMoment {
  readonly #storeMs: number;
  readonly #readAt = performance.now();

  /** @param storeMs milliseconds since 1970. */
  constructor(storeMs: number) {
    this.#storeMs = storeMs;
  }

  /** The store's time in so many milliseconds, since 1970; early by what the answer was on its way. */
  in(ms: number): number {
    return Math.floor(this.#storeMs + performance.now() - this.#readAt + ms);
  }
}
