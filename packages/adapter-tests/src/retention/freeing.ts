import { expect, it } from "vitest";
import { at, checkpointOf, putWhole } from "../plain-checkpoints.js";
import { putChain, valuesAt } from "./chains.js";
import type { RetentionStore } from "./retention-store.js";
import { on } from "./shown.js";

/** Registers the tests of what is freed, and of who reads meanwhile. */
export function freeingTests(store: RetentionStore): void {
  it("C-53 what only pruned checkpoints had is freed, and the report says how many bytes", async () => {
    const saver = store.open();
    const ids = await putChain(saver, "freed", 30);
    for (const id of ids) await saver.putWrites(at("freed", id), [["log", [`of ${id}`.repeat(200)]]], "task");
    const before = await saver.stats("freed");
    const { bytes } = await saver.prune(["freed"]);
    const after = await saver.stats("freed");
    expect(before.bytes - after.bytes).toBe(bytes);
    expect(after.segments).toBeLessThan(before.segments);
    expect(await store.inspect("freed")).toMatchObject({ checkpoints: 1, orphans: [] });
    expect((await saver.getTuple(on("freed")))?.checkpoint.channel_values).toEqual(valuesAt("freed", 29));
  });

  it("C-53 what a put or a write has replaced is freed by the next prune, also by one that takes nothing out", async () => {
    const saver = store.open();
    const text = (of: string): string => Array.from({ length: 400 }, (_, n) => `${of} ${n}`).join(" ");
    const checkpoint = checkpointOf({ text: text("first") });
    await putWhole(saver, "replaced", checkpoint);
    await putWhole(saver, "replaced", { ...checkpointOf({ text: text("second") }, 2), id: checkpoint.id });
    const writes = at("replaced", checkpoint.id);
    for (const answer of ["one", "two"]) await saver.putWrites(writes, [["__resume__", text(answer)]], "task");
    expect((await store.inspect("replaced")).orphans).not.toEqual([]);
    expect(await saver.prune(["replaced"], { keepLast: 9, dryRun: true })).toMatchObject({ checkpoints: 0, bytes: 0 });
    const { checkpoints, bytes } = await saver.prune(["replaced"], { keepLast: 9 });
    expect({ checkpoints, isFreed: bytes > 0 }).toEqual({ checkpoints: 0, isFreed: true });
    expect(await store.inspect("replaced")).toMatchObject({ checkpoints: 1, orphans: [] });
    expect((await saver.getTuple(on("replaced")))?.pendingWrites).toEqual([["task", "__resume__", text("two")]]);
    expect(await saver.prune(["replaced"], { keepLast: 9 })).toMatchObject({ threads: 0, bytes: 0 });
  });

  it("C-53 nothing is freed that a pending write still needs", async () => {
    const saver = store.open();
    const ids = await putChain(saver, "needed", 12);
    // It is stored as a difference to the checkpoint's own value.
    const { log } = valuesAt("needed", 11) as { log: string[] };
    await saver.putWrites(at("needed", ids[11]), [["log", [...log, "and more"]]], "task");
    await saver.prune(["needed"]);
    const { pendingWrites } = (await store.open({ cacheBytes: 0 }).getTuple(on("needed"))) ?? {};
    expect(pendingWrites).toEqual([["task", "log", [...log, "and more"]]]);
    expect((await store.inspect("needed")).orphans).toEqual([]);
  });

  it("C-53 readers meanwhile see checkpoints that are whole, or not at all", async () => {
    const length = 40;
    const pruner = store.open();
    const ids = await putChain(store.open(), "read", length);
    let isOver = false;
    const expectWhole = (id: string, values: unknown): void => expect(values).toEqual(valuesAt("read", ids.indexOf(id)));
    const read = async (cacheBytes: number): Promise<void> => {
      const reader = store.open({ cacheBytes });
      while (!isOver) {
        for await (const { checkpoint } of reader.list(on("read"))) expectWhole(checkpoint.id, checkpoint.channel_values);
        for (const id of ids) {
          const tuple = await reader.getTuple(at("read", id));
          if (tuple !== undefined) expectWhole(id, tuple.checkpoint.channel_values);
        }
        expect((await reader.getTuple(on("read")))?.checkpoint.id).toBe(ids.at(-1));
      }
    };
    const prune = async (): Promise<void> => {
      try {
        for (let keepLast = length - 1; keepLast > 0; keepLast -= 2) await pruner.prune(["read"], { keepLast });
      } finally {
        isOver = true;
      }
    };
    await Promise.all([read(0), read(2 ** 26), prune()]);
    expect(await store.inspect("read")).toMatchObject({ checkpoints: 1, orphans: [] });
  });
}
