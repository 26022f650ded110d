import { isDeepStrictEqual } from "node:util";
import type { Labels } from "@holdfast/checkpoint-core";
import { entryCache } from "@holdfast/checkpoint-core/adapter";
import type { ThreadTouch } from "./operations/write-conditions.js";

/** `updated_at` is right to the minute: a new row version and two index entries a minute, in place of as many at each of some ten writes a turn. */
const TOUCH_MS = 60_000;

/** Which threads' rows this process has lately seen to. It only saves work: a row that is touched without need is as right. */
export class RecentThreads {
  readonly #labels = entryCache<Labels>(10_000, TOUCH_MS);

  /** What a write is to say in the thread's row; `undefined` when it says so already. Runs come and go, and are no label of the thread. */
  touch(threadId: string, { run_id: _, ...labels }: Labels): ThreadTouch | undefined {
    const said = this.#labels.get(threadId);
    if (said !== undefined && isDeepStrictEqual(said, { ...said, ...labels })) return undefined;
    return { labels };
  }

  /** The write was made. */
  touched(threadId: string, touch: ThreadTouch | undefined): void {
    if (touch !== undefined) this.#labels.set(threadId, { ...this.#labels.get(threadId), ...touch.labels });
  }

  delete(threadId: string): void {
    this.#labels.delete(threadId);
  }
}
