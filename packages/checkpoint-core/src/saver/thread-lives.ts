import { entryCache } from "../store/entry-cache.js";

/**
 * Which life of a thread this saver's runs are in: its `threadKey`, as it was when its root graph was last read or written.
 *
 * A first checkpoint names none before it, and with durability "exit" that of a subgraph names none that is stored: only this tells that its thread was deleted
 * since its run began.
 */
export class ThreadLives {
  readonly #keys = entryCache<string>(10_000);

  of(threadId: string): string | undefined {
    return this.#keys.get(threadId);
  }

  note(threadId: string, threadKey: string): void {
    this.#keys.set(threadId, threadKey);
  }

  /** There is no such thread: whoever writes next begins one. */
  forget(threadId: string): void {
    this.#keys.delete(threadId);
  }
}
