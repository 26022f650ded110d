import type { PutWritesInput } from "@holdfast/checkpoint-core";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { encodeSegment, memberOf, segmentKey, slotContent, slotMark } from "../rows.js";
import { putWritesScript } from "../scripts/index.js";
import { type StoredIn, storedIn } from "./stored-in.js";
import { newThreadKey } from "./thread-key.js";

/**
 * Stores a batch of pending writes in one script (contract C-40). The checkpoint need not be there, nor the thread.
 *
 * A positive slot is written once, a negative one is replaced (see `pending-writes.ts` in core), and keeps its place in the order of arrival.
 *
 * @returns `undefined` when the guard did not hold, and nothing was stored.
 */
export async function putWrites(
  redis: Connection,
  keys: Keys,
  input: PutWritesInput,
  ttl: string,
): Promise<StoredIn | undefined> {
  const { ref, taskId, taskPath, writes, guard } = input;
  const reply = await redis.runDurably("putWrites", putWritesScript, keys.thread(ref.threadId), [
    guard?.threadKey ?? "",
    guard?.epoch ?? "",
    newThreadKey(),
    ttl,
    memberOf(ref.namespace, ref.checkpointId),
    writes.slots.length,
    ...writes.slots.flatMap((slot) => [slotMark(slot, taskId), slotContent(slot, taskPath)]),
    ...writes.created.flatMap((segment) => [segmentKey(segment.id), encodeSegment(segment)]),
  ]);
  return storedIn(reply, "putWrites");
}
