import {
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  type SerializerProtocol,
  TASKS,
  WRITES_IDX_MAP,
} from "@langchain/langgraph-checkpoint";
import { decodeMetadata, encodeMetadata } from "../config/metadata.js";
import { HoldfastSerializer } from "../serializer/index.js";
import { dumpWith, loadWith } from "../serializer/value-serializer.js";
import { valueDifference } from "./value-difference.js";
import { writeBatches, writesOf } from "./write-batches.js";

/** A checkpoint as one saver reads it, for comparison with another saver's. */
export interface ReadTuple {
  readonly checkpoint: Checkpoint;
  /** The id of the parent checkpoint. */
  readonly parent: string | undefined;
  readonly metadata: CheckpointMetadata;
  readonly writes: readonly CheckpointPendingWrite[];
}

const FIRST_FORMAT_WITH_OWN_SENDS = 4;

/**
 * A tuple without what savers may differ in: checkpoint fields that LangGraph 1 does not have, `undefined` in metadata, the order of the writes of different
 * tasks if a task wrote twice, and in formats before 4 what reading makes of the parent's writes (contract C-14): an empty list of sends, or none.
 */
export function readTuple(tuple: CheckpointTuple): ReadTuple {
  const { v, id, ts, channel_values, channel_versions = {}, versions_seen = {} } = tuple.checkpoint;
  const [values, versions] = [{ ...channel_values }, { ...channel_versions }];
  const parent = tuple.parentConfig?.configurable?.checkpoint_id as string | undefined;
  if (v < FIRST_FORMAT_WITH_OWN_SENDS && parent !== undefined) {
    delete versions[TASKS];
    const sends: unknown = values[TASKS];
    if (Array.isArray(sends) && sends.length === 0) delete values[TASKS];
  }
  return {
    checkpoint: { v, id, ts, channel_values: values, channel_versions: versions, versions_seen },
    parent,
    metadata: plainMetadata(tuple.metadata),
    writes: writesOf(writeBatches(tuple.pendingWrites ?? [])),
  };
}

/**
 * Metadata as stored, which is JSON. The official savers revive messages that older versions of LangGraph kept in it; here they stay JSON.
 */
function plainMetadata(metadata: CheckpointTuple["metadata"]): CheckpointMetadata {
  const given: object = metadata ?? {};
  try {
    return decodeMetadata(encodeMetadata({ ...given }));
  } catch {
    return JSON.parse(JSON.stringify(given)) as CheckpointMetadata;
  }
}

/**
 * The same without the values of channels that have no version. These are defaults of channels that nobody has written to, which LangGraph makes again and the
 * official Postgres saver does not keep.
 */
export function withoutDefaults(tuple: ReadTuple): ReadTuple {
  const { channel_values, channel_versions } = tuple.checkpoint;
  const written = Object.entries(channel_values).filter(([channel]) => Object.hasOwn(channel_versions, channel));
  return { ...tuple, checkpoint: { ...tuple.checkpoint, channel_values: Object.fromEntries(written) } };
}

/** The same with values as the target's serializer returns them, which may change them. Ours returns what it was given, or throws, unless it drops values. */
export async function asReadThrough(target: SerializerProtocol, tuple: ReadTuple): Promise<ReadTuple> {
  const isOurs = target instanceof HoldfastSerializer;
  if (isOurs && !target.drops) return tuple;
  // Who listens was told when the values were stored.
  const serde = isOurs ? target.dropping(() => {}) : target;
  const through = async (value: unknown, name: string): Promise<unknown> => {
    const read = await loadWith(serde, ...(await dumpWith(serde, value, name)));
    return isPlaceholder(value, read) ? value : read;
  };
  const values = Object.entries(tuple.checkpoint.channel_values);
  const loaded = await Promise.all(values.map(async ([channel, value]) => [channel, await through(value, channel)] as const));
  return {
    ...tuple,
    checkpoint: { ...tuple.checkpoint, channel_values: Object.fromEntries(loaded) },
    writes: await Promise.all(
      tuple.writes.map(
        async ([task, channel, value]): Promise<CheckpointPendingWrite> => [task, channel, await through(value, channel)],
      ),
    ),
  };
}

/** For a value with a bigint or a cycle, the official serializer writes a text in place of the whole value, which must not pass for it. */
function isPlaceholder(value: unknown, read: unknown): boolean {
  return typeof read === "string" && typeof value !== "string" && !(value instanceof Date) && !(value instanceof URL);
}

/** Where two checkpoints differ, apart from their writes: `channel_values.messages[3].content`, `metadata.step`. */
export function checkpointDifference(actual: ReadTuple, expected: ReadTuple): string | undefined {
  const { checkpoint } = expected;
  for (const field of Object.keys(checkpoint) as (keyof Checkpoint)[]) {
    const path = valueDifference(actual.checkpoint[field], checkpoint[field], field);
    if (path !== undefined) return path;
  }
  return (
    valueDifference(actual.parent, expected.parent, "parentConfig") ??
    valueDifference(actual.metadata, expected.metadata, "metadata")
  );
}

/**
 * Where their writes differ.
 *
 * @param order `"as-given"`; or `"by-task"`, if only the order of each task's ordinary writes counts: LangGraph reads, and the official Postgres saver keeps, no
 *   other order.
 */
export function writesDifference(actual: ReadTuple, expected: ReadTuple, order: "as-given" | "by-task"): string | undefined {
  const ordered = order === "as-given" ? (tuple: ReadTuple) => tuple.writes : byTask;
  return valueDifference(ordered(actual), ordered(expected), "pendingWrites");
}

function byTask({ writes }: ReadTuple): CheckpointPendingWrite[] {
  // A stable sort keeps the order of a task's ordinary writes, which all have the place 0.
  const place = ([, channel]: CheckpointPendingWrite): number => WRITES_IDX_MAP[channel] ?? 0;
  return [...writes].sort((a, b) => (a[0] === b[0] ? place(a) - place(b) : a[0] < b[0] ? -1 : 1));
}

/** Whether all writes of the first are among those of the second. */
export function hasWritesOf(fewer: ReadTuple, all: ReadTuple): boolean {
  const left = [...all.writes];
  return fewer.writes.every((write) => {
    const at = left.findIndex((each) => valueDifference(write, each, "") === undefined);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}
