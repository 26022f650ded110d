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

/** A checkpoint as one saver reads it, to be compared with what another one reads. */
export interface ReadTuple {
  readonly checkpoint: Checkpoint;
  /** The id of the parent checkpoint. */
  readonly parent: string | undefined;
  readonly metadata: CheckpointMetadata;
  readonly writes: readonly CheckpointPendingWrite[];
}

const FIRST_FORMAT_WITH_OWN_SENDS = 4;

/**
 * What is left of a tuple when what savers may differ in is taken away: fields of a checkpoint that LangGraph 1 does not have, `undefined` in metadata,
 * the order of the writes of different tasks where a task wrote in two turns, and in formats before 4 what each reading makes of the parent's writes
 * (contract C-14): an empty list of sends, or none.
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
 * Metadata as it is stored: JSON. The official savers make objects of the messages that older versions of LangGraph kept in it; what they were made from is
 * what is kept.
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
 * The same without the values of channels that have no version: the defaults of channels that nothing has written to, which LangGraph makes anew. The official
 * Postgres saver does not keep them.
 */
export function withoutDefaults(tuple: ReadTuple): ReadTuple {
  const { channel_values, channel_versions } = tuple.checkpoint;
  const written = Object.entries(channel_values).filter(([channel]) => Object.hasOwn(channel_versions, channel));
  return { ...tuple, checkpoint: { ...tuple.checkpoint, channel_values: Object.fromEntries(written) } };
}

/** The same with values as they come out of a serializer that may change them. Ours gives back what it was given, or throws. */
export async function asReadThrough(serde: SerializerProtocol, tuple: ReadTuple): Promise<ReadTuple> {
  if (serde instanceof HoldfastSerializer) return tuple;
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

/** Where there is a bigint or a cycle, the official serializer writes a text in place of the whole value. That must not pass for a value. */
function isPlaceholder(value: unknown, read: unknown): boolean {
  return typeof read === "string" && typeof value !== "string" && !(value instanceof Date) && !(value instanceof URL);
}

/** Where two checkpoints part, their writes aside: `channel_values.messages[3].content`, `metadata.step`. */
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
 * Where their writes part.
 *
 * @param order `"as-given"`; or `"by-task"`, when only the order of the ordinary writes of each task counts. No other order means anything to LangGraph, and
 *   the official Postgres saver keeps no other.
 */
export function writesDifference(actual: ReadTuple, expected: ReadTuple, order: "as-given" | "by-task"): string | undefined {
  const ordered = order === "as-given" ? (tuple: ReadTuple) => tuple.writes : byTask;
  return valueDifference(ordered(actual), ordered(expected), "pendingWrites");
}

function byTask({ writes }: ReadTuple): CheckpointPendingWrite[] {
  // Stable, so that ordinary writes of a task, which all have the place 0, stay in their order.
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
