import { encodeId, type PutWritesInput, writerOf } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { encodeCall, encodeSegment, segmentKey, slotContent, slotMark } from "../rows.js";
import { script } from "../script.js";
import putWritesText from "./put-writes.lua";
import { newThreadKey } from "./thread-key.js";
import { type StoredOutcome, writeOutcome } from "./write-outcome.js";

export const putWritesScript = script(threadText, rowsText, putWritesText);

/**
 * Stores a batch of pending writes in one script (contract C-40). Neither the checkpoint nor the thread need exist.
 *
 * A positive slot is written once, a negative one is replaced (see `pending-writes.ts` in core), and keeps its place.
 */
export async function putWrites(redis: Connection, keys: Keys, input: PutWritesInput, ttl: string): Promise<StoredOutcome> {
  const { ref, taskId, place, runId, slots, created, guard, token, call, life } = input;
  const writer = writerOf(input);
  const reply = await redis.runDurably("putWrites", putWritesScript, keys.thread(ref.threadId), [
    guard?.threadKey ?? "",
    guard?.epoch ?? "",
    // With a guard, no thread is started, so it needs no key: random bytes take 6 us.
    guard === undefined ? newThreadKey() : "",
    token ?? "",
    ttl,
    ref.namespace,
    encodeId(ref.checkpointId),
    encodeCall(call),
    life ?? "",
    slots.length,
    ...slots.flatMap((slot) => [slotMark(slot, taskId), slotContent(slot, place, runId, call, writer)]),
    ...created.flatMap((segment) => [segmentKey(segment.id), encodeSegment(segment)]),
  ]);
  return writeOutcome(reply, "putWrites");
}
