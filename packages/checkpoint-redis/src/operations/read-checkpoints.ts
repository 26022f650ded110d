import { DeserializationError, SchemaTooNewError } from "@holdfast/checkpoint-core";
import {
  decodeOf,
  type ReadCheckpoint,
  type Reading,
  type ReadValues,
  readCheckpoint,
  type Segment,
} from "@holdfast/checkpoint-core/adapter";
import type { Connection, Reply } from "../client.js";
import type { Keys } from "../keys.js";
import readingText from "../lua/reading.lua";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { decodeCheckpointRow, decodeMember, decodeSegment, decodeWritesRow, encodeLinks } from "../rows.js";
import { type Script, script } from "../script.js";
import fetchSegmentsText from "./read-checkpoints.lua";

const fetchSegmentsScript = script(threadText, rowsText, readingText, fetchSegmentsText);

/** The first word of a script's answer. */
export function statusOf(reply: Reply, operation: string): string {
  const status = String(reply[0]);
  if (status !== "format") return status;
  throw new SchemaTooNewError(
    `${operation}: this thread was written in format ${String(reply[1])} by a newer version of Holdfast, which this one cannot read. Update this process.`,
  );
}

/** The answer of a reading script. */
export interface ReadReply extends Reading {
  /** The key of the thread that was read; `undefined` if there is none. */
  readonly threadKey: string | undefined;
  /** Further values of the answer; empty if there is no thread. */
  readonly more: Reply;
}

/**
 * Runs a reading script, and fetches what did not fit in one answer.
 *
 * @param known segments of an earlier reading of the same thread, which are not read again.
 */
export async function read(
  redis: Connection,
  operation: string,
  script: Script,
  keys: Keys,
  threadId: string,
  args: readonly (string | Buffer | number)[],
  known: ReadonlyMap<string, Segment> = new Map(),
): Promise<ReadReply> {
  const thread = keys.thread(threadId);
  for (;;) {
    const reply = await redis.run(operation, script, thread, args);
    if (statusOf(reply, operation) !== "read") return { checkpoints: [], segments: known, threadKey: undefined, more: [] };
    const [, key, epoch, rows, found, left, ...more] = reply as ReadingReply;
    const segments = new Map(known);
    addSegments(segments, found);
    // A thread that was deleted or pruned meanwhile is read again.
    if (!(await fetchRest(redis, operation, thread, [key, epoch], left, segments))) continue;
    const guard = { threadKey: String(key), epoch: String(epoch) };
    const checkpoints = rows.map(([member, row, writes, values]): ReadCheckpoint => {
      if (member === undefined || row === undefined || writes === undefined)
        throw new DeserializationError("A stored row is damaged.");
      const place = { guard, ...decodeMember(member), values: String(values) as ReadValues };
      return readCheckpoint(place, () =>
        decodeOf({ threadId, ...place }, () => {
          const slots = writes.length === 0 ? [] : decodeWritesRow(writes);
          return { ...decodeCheckpointRow(row), slots };
        }),
      );
    });
    return { checkpoints, segments, threadKey: guard.threadKey, more };
  }
}

type ReadingReply = readonly [
  status: Buffer,
  key: Buffer,
  epoch: Buffer,
  rows: readonly (readonly Buffer[])[],
  segments: readonly Buffer[],
  left: readonly Buffer[],
  ...more: unknown[],
];

/** @returns `false` if the thread is no longer the same. */
async function fetchRest(
  redis: Connection,
  operation: string,
  thread: readonly string[],
  guard: readonly Buffer[],
  wanted: readonly Buffer[],
  segments: Map<string, Segment>,
): Promise<boolean> {
  for (let left = wanted; left.length > 0; ) {
    const args = [...guard, encodeLinks([...segments.keys()]), Buffer.concat([...left])];
    const reply = await redis.run(operation, fetchSegmentsScript, thread, args);
    if (statusOf(reply, operation) !== "read") return false;
    const [, , , , values, still] = reply as ReadingReply;
    addSegments(segments, values);
    left = still;
  }
  return true;
}

/** @param values ids and segments in turn. */
function addSegments(segments: Map<string, Segment>, values: readonly Buffer[]): void {
  for (let at = 0; at < values.length; at += 2) {
    const segment = decodeSegment(values[at] as Buffer, values[at + 1] as Buffer);
    segments.set(segment.id, segment);
  }
}
