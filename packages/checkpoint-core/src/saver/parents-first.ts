import type { CheckpointRef } from "../config/ids.js";
import { checkpointKey } from "./cache.js";

/**
 * Makes a checkpoint wait for its parent if both are put at once (contract C-10): the latest checkpoint is the one committed last, and connections do not keep the
 * order of calls.
 *
 * LangGraph 1.4 does so with durability "exit": it puts an empty checkpoint for the writes of delta channels, and the run's last one on top of it.
 */
export class ParentsFirst {
  readonly #inFlight = new Map<string, Promise<void>>();

  /** @param store puts the checkpoint. `parent` is set while the parent's put is in flight, and resolves when that succeeds or fails. */
  put<T>(ref: CheckpointRef, parentId: string | undefined, store: (parent: Promise<void> | undefined) => Promise<T>): Promise<T> {
    const parent = parentId === undefined ? undefined : this.#inFlight.get(checkpointKey({ ...ref, checkpointId: parentId }));
    const key = checkpointKey(ref);
    const result = store(parent);
    const forget = (): void => {
      if (this.#inFlight.get(key) === answered) this.#inFlight.delete(key);
    };
    const answered = result.then(forget, forget);
    this.#inFlight.set(key, answered);
    return result;
  }
}
