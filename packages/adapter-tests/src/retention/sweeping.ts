import { expect, it } from "vitest";
import { putChain } from "./chains.js";
import type { RetentionStore } from "./retention-store.js";
import { shownOf } from "./shown.js";
import type { KeepingSaver } from "./target.js";

const retention = { keepLast: 1 };

/** Registers the tests of sweeps. */
export function sweepingTests(store: RetentionStore): void {
  async function threads(saver: KeepingSaver, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, n) => `thread ${n}`);
    await Promise.all(ids.map((id) => putChain(saver, id, 3)));
    return ids;
  }
  const checkpointsOf = async (ids: readonly string[]): Promise<number[]> =>
    Promise.all(ids.map(async (id) => (await store.inspect(id)).checkpoints));

  it("C-56 a sweep prunes all threads as the option retention says", async () => {
    const saver = store.open({ retention: { keepLast: 2 } });
    const ids = await threads(saver, 7);
    const seen: number[] = [];
    const report = await saver.sweep({ batch: 3, onProgress: (each) => seen.push(each.seen) });
    expect(report).toEqual({
      threads: 7,
      deleted: 0,
      checkpoints: 7,
      hidden: 0,
      bytes: expect.any(Number),
      busy: [],
      seen: 7,
      end: "done",
    });
    expect(report.bytes).toBeGreaterThan(0);
    expect(seen.at(-1)).toBe(7);
    expect(seen.length, "in batches").toBeGreaterThanOrEqual(3);
    expect(await checkpointsOf(ids)).toEqual(ids.map(() => 2));
    expect(await saver.sweep()).toMatchObject({ threads: 0, checkpoints: 0, seen: 7, end: "done" });
  });

  it("C-56 a thread that somebody has the lease of is left for the next sweep, and reported", async () => {
    const saver = store.open({ retention });
    const ids = await threads(saver, 3);
    const lease = await saver.acquireThread("thread 1");
    expect(await saver.sweep()).toMatchObject({ threads: 2, checkpoints: 4, busy: ["thread 1"], end: "done" });
    expect(await checkpointsOf(ids)).toEqual([1, 3, 1]);
    await lease.release();
    expect(await saver.sweep()).toMatchObject({ threads: 1, checkpoints: 2, busy: [], end: "done" });
  });

  it("C-54 an idle thread that somebody has the lease of is not deleted, and reported", async () => {
    const HOUR = 3_600_000;
    const [keeper, saver] = [store.open(), store.open({ retention: { idleFor: HOUR } })];
    const ids = await threads(keeper, 2);
    const lease = await keeper.acquireThread("thread 1");
    await Promise.all(ids.map((id) => store.age(id, HOUR)));
    expect(await saver.sweep()).toMatchObject({ threads: 1, deleted: 1, checkpoints: 3, busy: ["thread 1"], end: "done" });
    expect(await checkpointsOf(ids)).toEqual([0, 3]);
    await lease.release();
    expect(await saver.sweep()).toMatchObject({ threads: 1, deleted: 1, busy: [], end: "done" });
    expect(await checkpointsOf(ids)).toEqual([0, 0]);
  });

  it("C-56 while one sweeps, others are told that they need not", async () => {
    const [first, second] = [store.open({ retention }), store.open({ retention })];
    await threads(first, 60);
    const stop = new AbortController();
    const others: Promise<unknown>[] = [];
    const onProgress = (): void => {
      if (others.length === 0) others.push(second.sweep().finally(() => stop.abort()));
    };
    // It goes on until the other one has been told.
    expect(await first.sweep({ batch: 1, signal: stop.signal, onProgress })).toMatchObject({ end: "aborted" });
    expect(await Promise.all(others)).toEqual([expect.objectContaining({ seen: 0, threads: 0, end: "busy" })]);
    expect(await second.sweep(), "afterwards").toMatchObject({ end: "done" });
  });

  it("C-56 a sweep that was ended in the middle is gone on with by the next one, of any process", async () => {
    const [first, second] = [store.open({ retention }), store.open({ retention })];
    const ids = await threads(first, 6);
    const stop = new AbortController();
    const onProgress = ({ seen }: { readonly seen: number }): void => {
      if (seen >= 2) stop.abort();
    };
    const report = await first.sweep({ batch: 1, signal: stop.signal, onProgress });
    expect(report).toMatchObject({ threads: 2, checkpoints: 4, seen: 2, end: "aborted" });
    expect((await checkpointsOf(ids)).sort()).toEqual([1, 1, 3, 3, 3, 3]);
    expect(await second.sweep()).toMatchObject({ threads: 4, checkpoints: 8, seen: 4, end: "done" });
    expect(await second.sweep(), "and the one after it begins anew").toMatchObject({ threads: 0, seen: 6, end: "done" });
  });

  it("C-56 a sweep that is aborted before it begins does nothing, and keeps nobody away", async () => {
    const saver = store.open({ retention });
    const ids = await threads(saver, 2);
    expect(await saver.sweep({ signal: AbortSignal.abort() })).toMatchObject({ threads: 0, seen: 0, end: "aborted" });
    expect(await checkpointsOf(ids)).toEqual([3, 3]);
    expect(await saver.sweep()).toMatchObject({ threads: 2, end: "done" });
  });

  it("C-56 a sweep whose caller fails keeps nobody away", async () => {
    const saver = store.open({ retention });
    await threads(saver, 2);
    const fails = saver.sweep({
      onProgress: () => {
        throw new Error("the caller's");
      },
    });
    await expect(fails).rejects.toThrow("the caller's");
    expect(await saver.sweep()).toMatchObject({ end: "done" });
  });

  it("C-59 a sweep with dryRun says what would go, and changes nothing", async () => {
    const saver = store.open({ retention });
    const ids = await threads(saver, 4);
    const before = await Promise.all(ids.map((id) => shownOf(saver, id)));
    const said = await saver.sweep({ dryRun: true });
    expect(said).toMatchObject({ threads: 4, checkpoints: 8, seen: 4, end: "done" });
    expect(await Promise.all(ids.map((id) => shownOf(saver, id)))).toEqual(before);
    expect(await saver.sweep()).toEqual({ ...said, bytes: expect.any(Number) });
    expect(await checkpointsOf(ids)).toEqual([1, 1, 1, 1]);
  });

  it("C-56 a store without threads is swept at once", async () => {
    expect(await store.open({ retention }).sweep()).toMatchObject({ seen: 0, end: "done" });
  });
}
