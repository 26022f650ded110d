import assert from "node:assert/strict";
import {
  type BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointTuple,
  uuid6,
} from "@langchain/langgraph-checkpoint";

type Versions = Checkpoint["channel_versions"];

/** A LangGraph config: `{ configurable: { … } }`. */
export interface Address {
  readonly configurable: Record<string, unknown>;
}

/** What a put is about; everything but the thread has a default. */
export interface CheckpointInput {
  readonly thread: unknown;
  readonly ns?: string;
  /** Id of the parent checkpoint. */
  readonly parent?: string | undefined;
  readonly id?: string;
  readonly step?: number;
  readonly values?: Record<string, unknown>;
  /** Default: every channel in `values` is as new as the step, as LangGraph makes it. */
  readonly versions?: Versions;
  /** Default: all of `versions`. */
  readonly newVersions?: Versions;
  readonly metadata?: Record<string, unknown>;
  /** Format of the checkpoint. Default: 4, today's. */
  readonly v?: number;
}

/** The config of a thread, a namespace in it, and a checkpoint in that; the last two only if given. */
export function address(thread: unknown, { ns, id }: { ns?: string; id?: string | undefined } = {}): Address {
  return {
    configurable: {
      ...(thread === undefined ? {} : { thread_id: thread }),
      ...(ns === undefined ? {} : { checkpoint_ns: ns }),
      ...(id === undefined ? {} : { checkpoint_id: id }),
    },
  };
}

/** A new checkpoint, as LangGraph makes it. */
export function checkpointOf(input: Omit<CheckpointInput, "thread">): Checkpoint {
  const values = input.values ?? {};
  return {
    v: input.v ?? 4,
    id: input.id ?? uuid6(input.step ?? 0),
    ts: "2026-11-20T12:00:00.000Z",
    channel_values: values,
    channel_versions:
      input.versions ?? Object.fromEntries(Object.keys(values).map((channel) => [channel, (input.step ?? 0) + 1])),
    versions_seen: {},
  };
}

/** Metadata as LangGraph makes it, with `extra` keys. */
export function metadataOf(input: { step?: number; metadata?: Record<string, unknown> } = {}): CheckpointMetadata {
  return { source: "loop", step: input.step ?? 0, parents: {}, ...input.metadata };
}

/** Puts a checkpoint made of `input`; its id. */
export async function put(saver: BaseCheckpointSaver, input: CheckpointInput): Promise<string> {
  const checkpoint = checkpointOf(input);
  const config = address(input.thread, { ns: input.ns ?? "", id: input.parent });
  await saver.put(config, checkpoint, metadataOf(input), input.newVersions ?? { ...checkpoint.channel_versions });
  return checkpoint.id;
}

/** Puts one checkpoint after the other, each on top of the last; their ids, oldest first. */
export async function putChain(
  saver: BaseCheckpointSaver,
  thread: string,
  length: number,
  input: (step: number) => Omit<CheckpointInput, "thread" | "parent"> = () => ({}),
): Promise<string[]> {
  const ids: string[] = [];
  for (let step = 0; step < length; step += 1) {
    ids.push(await put(saver, { step, ...input(step), thread, parent: ids.at(-1) }));
  }
  return ids;
}

/** The checkpoint with this id, or the latest without one. Fails when there is none. */
export async function read(saver: BaseCheckpointSaver, thread: string, id?: string, ns = ""): Promise<CheckpointTuple> {
  const tuple = await saver.getTuple(address(thread, { ns, id }));
  assert(
    tuple !== undefined,
    `getTuple finds no ${id === undefined ? "latest checkpoint" : `checkpoint ${id}`} in namespace "${ns}"`,
  );
  return tuple;
}

/** The channel values of that checkpoint. */
export async function readValues(
  saver: BaseCheckpointSaver,
  thread: string,
  id?: string,
  ns = "",
): Promise<Record<string, unknown>> {
  return (await read(saver, thread, id, ns)).checkpoint.channel_values;
}

/** The id of a tuple's own checkpoint. */
export function idOf(tuple: CheckpointTuple | undefined): unknown {
  return tuple?.config.configurable?.checkpoint_id;
}

/** The ids of what `list` yields, in its order. */
export async function listIds(
  saver: BaseCheckpointSaver,
  config: Address,
  options?: Parameters<BaseCheckpointSaver["list"]>[1],
): Promise<unknown[]> {
  return (await collect(saver.list(config, options))).map(idOf);
}

/** All that an async iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** An id that sorts before the ids of today's clocks: what a writer whose clock is `hours` behind makes. */
export function idFromSlowClock(hours: number, step = 0): string {
  return withClock(-hours * 3_600_000, () => uuid6(step));
}

/** Runs `action` with a clock that is `offset` milliseconds off. */
export function withClock<T>(offset: number, action: () => T): T {
  const now = Date.now;
  Date.now = () => now() + offset;
  const reset = (): void => {
    Date.now = now;
  };
  let result: T;
  try {
    result = action();
  } catch (error) {
    reset();
    throw error;
  }
  if (result instanceof Promise) return result.finally(reset) as T;
  reset();
  return result;
}
