import { encodeId, type NamespaceRef, type Reading } from "@holdfast/checkpoint-core";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { getTupleScript } from "../scripts/index.js";
import { readingOf } from "./read-reply.js";

/**
 * The checkpoint with that id, or the one that was committed last.
 *
 * @param ttl when reading renews the thread's time; else `""`.
 */
export async function getTuple(
  redis: Connection,
  keys: Keys,
  ref: NamespaceRef,
  checkpointId: string | undefined,
  ttl: string,
): Promise<Reading> {
  const id = checkpointId === undefined ? "" : encodeId(checkpointId);
  return readingOf(await redis.run("getTuple", getTupleScript, keys.thread(ref.threadId), [ttl, ref.namespace, id]), "getTuple");
}
