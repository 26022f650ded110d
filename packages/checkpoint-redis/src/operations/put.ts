import type { Labels } from "@holdfast/checkpoint-core";
import { encodeId, type PutInput, writerOf } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { encodeCall, encodeCheckpointRow, encodeMembers, encodeSegment, encodeWriter, segmentKey } from "../rows.js";
import { script } from "../script.js";
import putText from "./put.lua";
import { newThreadKey } from "./thread-key.js";
import { type StoredOutcome, writeOutcome } from "./write-outcome.js";

export const putScript = script(threadText, rowsText, putText);

/**
 * Stores one checkpoint with its new segments, in one script (contract C-30). An existing checkpoint id is replaced and keeps its place (C-31), which also makes a
 * retry after a lost answer safe.
 */
export async function put(redis: Connection, keys: Keys, input: PutInput, ttl: string): Promise<StoredOutcome> {
  const { ref, guard, life, expectedHead } = input;
  // With durability "exit", LangGraph may put a run's last checkpoint again with itself as parent.
  const isOwnParent = input.parentId === ref.checkpointId;
  const parentId = isOwnParent ? undefined : input.parentId;
  const row = encodeCheckpointRow({ ...input, parentId });
  const labels = labelFields(input.labels);
  const reply = await redis.runDurably("put", putScript, keys.thread(ref.threadId), [
    guard?.threadKey ?? "",
    guard?.epoch ?? "",
    // With a guard, no thread is started, so it needs no key: random bytes take 6 us.
    guard === undefined ? newThreadKey() : "",
    input.token ?? "",
    ttl,
    ref.namespace,
    encodeId(ref.checkpointId),
    encodeCall(input.call),
    life ?? "",
    // The guard's thread contains the parent, so it was not deleted.
    encodeMembers(guard === undefined ? input.lineage : []),
    isOwnParent ? "1" : "0",
    expectedHead === undefined ? "0" : "1",
    expectedHead?.id === undefined ? "" : encodeId(expectedHead.id),
    row,
    encodeWriter(writerOf(input)),
    labels.length / 2,
    ...labels,
    ...input.created.flatMap((segment) => [segmentKey(segment.id), encodeSegment(segment)]),
  ]);
  return writeOutcome(reply, "put");
}

/** The labels of the thread itself: the last value of each, without `run_id`. */
function labelFields({ run_id: _, ...labels }: Labels): string[] {
  return Object.entries(labels).flatMap(([name, value]) => [`label:${name}`, value]);
}
