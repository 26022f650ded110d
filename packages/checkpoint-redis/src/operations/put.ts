import { encodeId, type PutInput } from "@holdfast/checkpoint-core";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { encodeCheckpointRow, encodeSegment, segmentKey } from "../rows.js";
import { putScript } from "../scripts/index.js";
import { type StoredIn, storedIn } from "./stored-in.js";
import { newThreadKey } from "./thread-key.js";

/**
 * Stores one checkpoint with its new segments, in one script (contract C-30). A checkpoint id that is there already is replaced and keeps its place
 * (C-31), which also makes a repetition after a lost answer harmless.
 *
 * @returns `undefined` when the guard did not hold, and nothing was stored.
 */
export async function put(redis: Connection, keys: Keys, input: PutInput, ttl: string): Promise<StoredIn | undefined> {
  const { ref, guard } = input;
  // With durability "exit", LangGraph may put a run's last checkpoint again with itself as parent.
  const isOwnParent = input.parentId === ref.checkpointId;
  const row = encodeCheckpointRow({ ...input, parentId: isOwnParent ? undefined : input.parentId });
  const reply = await redis.runDurably("put", putScript, keys.thread(ref.threadId), [
    guard?.threadKey ?? "",
    guard?.epoch ?? "",
    newThreadKey(),
    ttl,
    ref.namespace,
    encodeId(ref.checkpointId),
    isOwnParent ? "1" : "0",
    row,
    ...input.created.flatMap((segment) => [segmentKey(segment.id), encodeSegment(segment)]),
  ]);
  return storedIn(reply, "put");
}
