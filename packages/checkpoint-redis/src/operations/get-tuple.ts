import { type CachedRecord, encodeId, type NamespaceRef } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import readingText from "../lua/reading.lua";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { encodeLinks } from "../rows.js";
import { script } from "../script.js";
import getTupleText from "./get-tuple.lua";
import { type ReadReply, read } from "./read-checkpoints.js";

const getTupleScript = script(threadText, rowsText, readingText, getTupleText);

/**
 * The checkpoint with that id, or the one that was committed last.
 *
 * @param ttl the time to live that reading renews, or `""`.
 * @param readsIncomplete for a migration.
 * @returns `more[0]`: milliseconds until the thread now expires; `""`: never, or unchanged.
 */
export async function getTuple(
  redis: Connection,
  keys: Keys,
  ref: NamespaceRef,
  checkpointId: string | undefined,
  ttl: string,
  cached: CachedRecord | undefined,
  readsIncomplete: boolean,
): Promise<ReadReply> {
  const id = checkpointId === undefined ? "" : encodeId(checkpointId);
  const known =
    cached === undefined ? ["", "", ""] : [encodeId(cached.checkpointId), cached.record.body, encodeLinks(cached.record.links)];
  const args = [ttl, ref.namespace, id, ...known, readsIncomplete ? "1" : "0"];
  return read(redis, "getTuple", getTupleScript, keys, ref.threadId, args);
}
