import { integerOf, type Random } from "../seeded.js";
import type { RecordingClient } from "./recording-client.js";

export const CHECKED_THREADS = ["list 1", "list 2"];
/** How long a client waits for an answer before it tries again. */
export const PATIENCE_MS = 300;
const MIN_TTL_MS = 50;
const MAX_TTL_MS = 400;

/** Takes leases and writes under them, at random, until it is told to stop; now and then it stands still, as in a long garbage collection. */
export async function runAtRandom(client: RecordingClient, random: Random, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const thread = CHECKED_THREADS[integerOf(random, 0, CHECKED_THREADS.length - 1)] as string;
    const ttlMs = integerOf(random, MIN_TTL_MS, MAX_TTL_MS);
    const lease = await client.acquire(thread, { ttlMs, waitMs: random() < 0.3 ? 0 : integerOf(random, 1, 2 * MAX_TTL_MS) });
    if (lease === undefined) continue;
    for (let appends = integerOf(random, 1, 4); appends > 0; appends -= 1) {
      const appending = client.append(thread, lease);
      if (random() < 0.1) standStill(integerOf(random, 1, 2 * ttlMs));
      await appending;
    }
    if (random() < 0.8) await client.release(thread, lease);
    else lease.leave();
  }
}

/** Nothing in this process runs, timers included. */
function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
