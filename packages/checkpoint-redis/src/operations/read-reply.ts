import {
  DeserializationError,
  type ReadCheckpoint,
  type Reading,
  SchemaTooNewError,
  type Segment,
} from "@holdfast/checkpoint-core";
import type { Reply } from "../client.js";
import { decodeCheckpointRow, decodeMember, decodeSegment, decodeWritesRow } from "../rows.js";

/** The first word of what a script answers. */
export function statusOf(reply: Reply, operation: string): string {
  const status = String(reply[0]);
  if (status !== "format") return status;
  throw new SchemaTooNewError(
    `${operation}: this thread was written in format ${String(reply[1])} by a newer version of Holdfast, which this one cannot read. Update this process.`,
  );
}

/** Decodes `{'read', key, epoch, rows, segments}`; any other answer is an empty reading. */
export function readingOf(reply: Reply, operation: string, known: ReadonlyMap<string, Segment> = new Map()): Reading {
  if (statusOf(reply, operation) !== "read") return { checkpoints: [], segments: known };
  const [, key, epoch, rows, values] = reply as readonly [
    unknown,
    Buffer,
    Buffer,
    readonly (readonly Buffer[])[],
    readonly Buffer[],
  ];
  const guard = { threadKey: String(key), epoch: String(epoch) };
  const segments = new Map(known);
  for (let at = 0; at < values.length; at += 2) {
    const segment = decodeSegment(values[at] as Buffer, values[at + 1] as Buffer);
    segments.set(segment.id, segment);
  }
  const checkpoints = rows.map(([member, row, writes, whole]): ReadCheckpoint => {
    if (member === undefined || row === undefined || writes === undefined)
      throw new DeserializationError("A stored row is damaged.");
    const slots = writes.length === 0 ? [] : decodeWritesRow(writes);
    return { guard, ...decodeMember(member), ...decodeCheckpointRow(row), slots, whole: String(whole) === "1" };
  });
  return { checkpoints, segments };
}
