import type { CheckpointRef } from "../config/ids.js";
import { checkpointKey } from "./cache.js";

/**
 * Lets a checkpoint wait for its parent, where both are put at once (contract C-10): the store shows the one that was committed last, and connections do not
 * keep the order of calls.
 *
 * LangGraph 1.4 does that with durability "exit": it puts an empty checkpoint, to which the writes of delta channels belong, and the run's last one on it.
 */
export class ParentsFirst {
  readonly #underWay = new Map<string, Promise<void>>();

  /** @param store puts the checkpoint. `parent` is there while the put of its parent has not been answered, and resolves when it is, or has failed. */
  put<T>(ref: CheckpointRef, parentId: string | undefined, store: (parent: Promise<void> | undefined) => Promise<T>): Promise<T> {
    const parent = parentId === undefined ? undefined : this.#underWay.get(checkpointKey({ ...ref, checkpointId: parentId }));
    const key = checkpointKey(ref);
    const result = store(parent);
    const forget = (): void => {
      if (this.#underWay.get(key) === answered) this.#underWay.delete(key);
    };
    const answered = result.then(forget, forget);
    this.#underWay.set(key, answered);
    return result;
  }
}
