import { importThreads } from "@holdfast/checkpoint-core";
import { type Checkpoint, type CheckpointPendingWrite, type CheckpointTuple, MemorySaver } from "@langchain/langgraph-checkpoint";
import { expect } from "vitest";
import type { KeepingSaver } from "../retention/target.js";
import { configOf, SUBGRAPH } from "./threads.js";

/** Where a checkpoint stands: namespace and id, with a NUL between them. */
export type TupleKey = string;

/** What a tuple says beside its place. */
export interface ReadTuple {
  readonly checkpoint: Checkpoint;
  readonly metadata: unknown;
  readonly parent: unknown;
  readonly pendingWrites: readonly CheckpointPendingWrite[] | undefined;
}

/** What an operation on a thread read, and the errors that it threw or told of. */
export interface Found {
  readonly tuples: Map<TupleKey, ReadTuple>;
  /** What is read beyond tuples. */
  readonly others: unknown[];
  readonly errors: unknown[];
}

export interface Savers {
  /** Has nothing in its cache. */
  readonly cold: KeepingSaver;
  /** Has read the threads as they were stored. */
  readonly warm: KeepingSaver;
}

export interface Operation {
  run(savers: Savers, thread: string, keys: readonly TupleKey[], found: Found): Promise<void>;
  /** Whether all that can be read is read, so that each checkpoint is either there or an error. */
  readonly isWhole?: boolean;
  /** Whether damage of what it decides by may make it leave out, or keep, what it would not have. */
  readonly decides?: boolean;
}

/** The name of the copy that operations make of a thread, and delete. */
export const COPY = "copy";

function note(found: Found, tuple: CheckpointTuple | undefined): void {
  if (tuple === undefined) return;
  const { config, checkpoint, metadata, parentConfig, pendingWrites } = tuple;
  const parent: unknown = parentConfig?.configurable?.checkpoint_id;
  found.tuples.set(`${String(config.configurable?.checkpoint_ns)}\0${checkpoint.id}`, {
    checkpoint,
    metadata,
    parent,
    pendingWrites,
  });
}

async function noteAll(found: Found, tuples: AsyncIterable<CheckpointTuple>): Promise<void> {
  for await (const tuple of tuples) note(found, tuple);
}

async function attempt(found: Found, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    found.errors.push(error);
    return false;
  }
}

const toldBy = (found: Found) => ({ onError: (error: unknown): void => void found.errors.push(error) });
const all = (thread: string) => ({ configurable: { thread_id: thread } });

async function onCopy(savers: Savers, thread: string, found: Found, work: () => Promise<unknown>): Promise<void> {
  if (!(await attempt(found, () => savers.cold.copyThread(thread, COPY)))) return;
  if (await attempt(found, work)) await attempt(found, () => noteAll(found, savers.cold.list(all(COPY), toldBy(found))));
  await attempt(found, () => savers.cold.deleteThread(COPY));
}

/** All that reads, each as its callers do. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  "getTuple of the latest": {
    async run({ cold }, thread, _keys, found) {
      for (const namespace of ["", SUBGRAPH])
        await attempt(found, async () => note(found, await cold.getTuple(configOf(thread, namespace))));
    },
  },
  "list with onError": {
    isWhole: true,
    run: async ({ cold }, thread, _keys, found) =>
      void (await attempt(found, () => noteAll(found, cold.list(all(thread), toldBy(found))))),
  },
  "getTuple of the latest, with a cache": {
    async run({ warm }, thread, _keys, found) {
      for (const namespace of ["", SUBGRAPH])
        await attempt(found, async () => note(found, await warm.getTuple(configOf(thread, namespace))));
    },
  },
  "getTuple by id": {
    async run({ cold }, thread, keys, found) {
      for (const [namespace = "", id = ""] of keys.map((key) => key.split("\0")))
        await attempt(found, async () => note(found, await cold.getTuple(configOf(thread, namespace, id))));
    },
  },
  list: {
    run: async ({ cold }, thread, _keys, found) => void (await attempt(found, () => noteAll(found, cold.list(all(thread))))),
  },
  "list with a filter": {
    decides: true,
    run: async ({ cold }, thread, _keys, found) =>
      void (await attempt(found, () => noteAll(found, cold.list(all(thread), { filter: { step: 2 }, ...toldBy(found) })))),
  },
  "list of all threads": {
    run: async ({ cold }, thread, _keys, found) =>
      void (await attempt(found, async () => {
        for await (const tuple of cold.list({}, toldBy(found)))
          if (tuple.config.configurable?.thread_id === thread) note(found, tuple);
      })),
  },
  getDeltaChannelHistory: {
    // As LangGraph does: of a checkpoint that it has read.
    run: async ({ cold }, thread, _keys, found) =>
      void (await attempt(found, async () => {
        const head = await cold.getTuple(configOf(thread, ""));
        if (head === undefined) return;
        const options = { config: head.config, channels: ["delta", "messages"] };
        found.others.push(await cold.getDeltaChannelHistory(options));
      })),
  },
  copyThread: { run: (savers, thread, _keys, found) => onCopy(savers, thread, found, async () => undefined) },
  prune: {
    decides: true,
    run: (savers, thread, _keys, found) => onCopy(savers, thread, found, () => savers.cold.prune([COPY], { keepLast: 1 })),
  },
  importThreads: {
    run: async ({ cold }, thread, _keys, found) =>
      void (await attempt(found, async () => {
        const target = new MemorySaver();
        await importThreads(cold, target, { threads: [thread], ...toldBy(found) });
        await noteAll(found, target.list(all(thread)));
      })),
  },
  sweep: {
    decides: true,
    async run({ cold }, thread, _keys, found) {
      await attempt(found, () => cold.sweep(toldBy(found)));
      await attempt(found, () => noteAll(found, cold.list(all(thread), toldBy(found))));
    },
  },
  "stats and listThreads": {
    decides: true,
    async run({ cold }, thread, _keys, found) {
      await attempt(found, () => cold.stats(thread));
      await attempt(found, async () => {
        for await (const { threadId } of cold.listThreads()) expect(threadId).toBeDefined();
      });
    },
  },
};
