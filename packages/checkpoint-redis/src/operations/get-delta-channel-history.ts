import { encodeId, type NamespaceRef, type Reading } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import readingText from "../lua/reading.lua";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { script } from "../script.js";
import getDeltaChannelHistoryText from "./get-delta-channel-history.lua";
import { read } from "./read-checkpoints.js";

const getDeltaChannelHistoryScript = script(threadText, rowsText, readingText, getDeltaChannelHistoryText);

/** The ancestors of a checkpoint, nearest first, up to 1,024 in a round trip. */
export async function* getDeltaChannelHistory(
  redis: Connection,
  keys: Keys,
  ref: NamespaceRef,
  checkpointId: string | undefined,
  channels: readonly string[],
): AsyncGenerator<Reading> {
  let start: string | Buffer = checkpointId === undefined ? "" : encodeId(checkpointId);
  let wanted: readonly (string | Buffer)[] = channels;
  let threadKey = "";
  for (;;) {
    const args = [ref.namespace, start, threadKey, ...wanted];
    const reading = await read(redis, "getDeltaChannelHistory", getDeltaChannelHistoryScript, keys, ref.threadId, args);
    yield reading;
    const [next, left] = reading.more as readonly [Buffer?, (readonly Buffer[])?];
    if (next === undefined || left === undefined || next.length === 0) return;
    start = next;
    threadKey = reading.threadKey ?? "";
    wanted = left;
  }
}
