import { DeserializationError, type HoldfastSaver, importThreads } from "@holdfast/checkpoint-core";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, it } from "vitest";
import { at, checkpointOf, putWhole } from "./plain-checkpoints.js";
import type { AdapterTarget, TestStore } from "./target.js";

export interface DamagedThreadsTarget extends AdapterTarget {
  /** Takes all segments out of a thread, beneath the saver. */
  dropSegments(url: string, thread: string): Promise<void>;
}

/** Registers the tests of operations that go on past a damaged thread. */
export function damagedThreadTests(target: DamagedThreadsTarget): void {
  let store: TestStore;
  let saver: HoldfastSaver;

  beforeAll(async () => {
    store = await target.openStore();
    const writer = target.open(store.url);
    for (const thread of ["a", "damaged", "b"]) await putWhole(writer, thread, checkpointOf({ text: randomText(2_000) }));
    await target.close(writer);
    await target.dropSegments(store.url, "damaged");
    // Its cache is empty.
    saver = target.open(store.url) as unknown as HoldfastSaver;
  });
  afterAll(async () => {
    await target.close(saver as never);
    await store?.drop();
  });

  it("C-62 getTuple names the thread and the checkpoint that it cannot read", async () => {
    await expect(saver.getTuple(at("damaged"))).rejects.toMatchObject({
      code: "HOLDFAST_DESERIALIZATION",
      threadId: "damaged",
      checkpointId: expect.any(String),
    });
  });

  it("C-62 list goes on past a damaged thread with onError, and throws without", async () => {
    const told: string[] = [];
    const onError = (error: unknown, threadId: string): void => {
      expect(error).toBeInstanceOf(DeserializationError);
      told.push(threadId);
    };
    expect(await threadsOf(saver.list({}, { onError }))).toEqual(["a", "b"]);
    expect(told).toEqual(["damaged"]);
    await expect(threadsOf(saver.list({}))).rejects.toThrow(DeserializationError);
    await expect(threadsOf(saver.list({}, { onError: "log" as never }))).rejects.toMatchObject({
      code: "HOLDFAST_INVALID_OPTIONS",
    });
    const stop = new Error("stop");
    await expect(
      threadsOf(
        saver.list(
          {},
          {
            onError: () => {
              throw stop;
            },
          },
        ),
      ),
    ).rejects.toBe(stop);
  });

  it("C-62 a list ends with what onError throws, which is told once", async () => {
    const told: unknown[] = [];
    const rethrow = (error: unknown): never => {
      told.push(error);
      throw error;
    };
    await expect(threadsOf(saver.list({}, { onError: rethrow }))).rejects.toThrow(DeserializationError);
    expect(told).toHaveLength(1);
  });

  it("C-62 importThreads goes on past a damaged thread with onError, and throws without", async () => {
    const told: string[] = [];
    const memory = new MemorySaver();
    const report = await importThreads(saver, memory, { onError: (_, threadId) => told.push(threadId) });
    expect(told).toEqual(["damaged"]);
    expect(report.threads).toBe(2);
    expect(await threadsOf(memory.list({}))).toEqual(["a", "b"]);
    await expect(importThreads(saver, new MemorySaver())).rejects.toThrow(DeserializationError);
    // What the caller throws, and an abort, still end it.
    const stop = new Error("stop");
    await expect(
      importThreads(saver, new MemorySaver(), {
        onError: () => {},
        onProgress: () => {
          throw stop;
        },
      }),
    ).rejects.toBe(stop);
    await expect(importThreads(saver, new MemorySaver(), { onError: () => {}, signal: AbortSignal.abort(stop) })).rejects.toBe(
      stop,
    );
  });

  it("C-28 C-56 stats, listThreads and deleteThread work on a damaged thread", async () => {
    expect((await saver.stats("damaged")).checkpoints).toBe(1);
    expect((await saver.stats()).threads).toBe(3);
    const ids: string[] = [];
    for await (const { threadId } of saver.listThreads()) ids.push(threadId);
    expect(ids.sort()).toEqual(["a", "b", "damaged"]);
    await saver.deleteThread("damaged");
    expect(await threadsOf(saver.list({}))).toEqual(["a", "b"]);
  });
}

async function threadsOf(
  tuples: AsyncIterable<{ readonly config: { readonly configurable?: Record<string, unknown> } }>,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const { config } of tuples) ids.push(String(config.configurable?.thread_id));
  return ids.sort();
}

/** Text that does not compress. */
function randomText(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return String.fromCharCode(97 + ((state >>> 16) % 26));
  }).join("");
}
