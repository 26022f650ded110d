import { encodeId, type NamespaceRef, type Reading, type Segment } from "@holdfast/checkpoint-core";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import { encodeLinks } from "../rows.js";
import { getDeltaChannelHistoryScript } from "../scripts/index.js";
import { readingOf, statusOf } from "./read-reply.js";

/** The ancestors of a checkpoint, nearest first, up to 2,048 in a reading, which is one round trip. */
export async function* getDeltaChannelHistory(
  redis: Connection,
  keys: Keys,
  ref: NamespaceRef,
  checkpointId: string | undefined,
  channels: readonly string[],
): AsyncGenerator<Reading> {
  const thread = keys.thread(ref.threadId);
  let start: string | Buffer = checkpointId === undefined ? "" : encodeId(checkpointId);
  let wanted: readonly (string | Buffer)[] = channels;
  let known: ReadonlyMap<string, Segment> = new Map();
  for (;;) {
    const args = [encodeLinks([...known.keys()]), ref.namespace, start, ...wanted];
    const reply = await redis.run("getDeltaChannelHistory", getDeltaChannelHistoryScript, thread, args);
    const reading = readingOf(reply, "getDeltaChannelHistory", known);
    yield reading;
    if (statusOf(reply, "getDeltaChannelHistory") !== "read") return;
    const [next, left] = reply.slice(5) as [Buffer, readonly Buffer[]];
    if (next.length === 0) return;
    start = next;
    wanted = left;
    known = reading.segments;
  }
}
