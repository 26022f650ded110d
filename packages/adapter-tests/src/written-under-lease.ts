import { afterAll, beforeAll, expect, it } from "vitest";
import { at, checkpointOf } from "./plain-checkpoints.js";
import { deltaGraph } from "./retention/graphs.js";
import type { KeepingSaver, RetentionTarget } from "./retention/target.js";
import type { TestStore } from "./target.js";

/** A row as it lies there. */
export interface StoredRow {
  /** The counted part of the token under which it was written. */
  readonly lease: string | null;
  readonly bytes: number;
}

export interface WrittenUnderLeaseTarget extends RetentionTarget {
  /** The rows of a thread: its checkpoints in the order of their commits, and the slots of its writes in the order of their numbers. */
  storedRows(
    url: string,
    threadId: string,
  ): Promise<{ readonly checkpoints: readonly StoredRow[]; readonly writes: readonly StoredRow[] }>;
  /** What a row takes more that was written under a lease. */
  readonly bytesOfLease: number;
}

const METADATA = { source: "loop" as const, step: 0, parents: {} };

/** Registers the tests of what a row says of the lease under which it was written. */
export function writtenUnderLeaseTests(target: WrittenUnderLeaseTarget): void {
  let store: TestStore;
  let saver: KeepingSaver;

  beforeAll(async () => {
    store = await target.openStore();
    saver = target.open(store.url);
  });
  afterAll(async () => {
    await target.close(saver);
    await store?.drop();
  });

  /** A checkpoint, a write that is made once, and one that can be replaced, under a lease or none. */
  async function write(thread: string, configurable: object, id: string, value: string): Promise<void> {
    // One time for all: deflated, another may be a byte longer or shorter.
    const checkpoint = { ...checkpointOf({ a: value }), id, ts: new Date(0).toISOString() };
    const config = { configurable: { ...at(thread).configurable, ...configurable } };
    await saver.put(config, checkpoint, METADATA, checkpoint.channel_versions);
    const toWrites = { configurable: { ...at(thread, id).configurable, ...configurable } };
    await saver.putWrites(toWrites, [["a", value]], "task");
    await saver.putWrites(toWrites, [["__interrupt__", value]], "task");
  }

  it("C-91 a checkpoint says under which lease it was made, a write under which it was written last, without what is secret of the token", async () => {
    await write("told", {}, "1", "x");
    const first = await saver.acquireThread("told");
    await write("told", first.config.configurable ?? {}, "2", "x");
    await first.release();
    const second = await saver.acquireThread("told");
    await write("told", second.config.configurable ?? {}, "2", "y");
    await second.release();

    const [one, two] = [first, second].map(({ token }) => token.slice(0, -18));
    expect(BigInt(two as string)).toBeGreaterThan(BigInt(one as string));
    const { checkpoints, writes } = await target.storedRows(store.url, "told");
    expect(checkpoints.map(({ lease }) => lease)).toEqual([null, one]);
    // The interrupt was replaced; of the other write, the first holds.
    expect(writes.map(({ lease }) => lease)).toEqual([null, null, two, one]);
  });

  it("C-91 without a lease its place takes nothing; a copy says what the original says", async () => {
    const id = "0".repeat(32);
    await write("free", {}, id, "x");
    const lease = await saver.acquireThread("under");
    await write("under", lease.config.configurable ?? {}, id, "x");
    await lease.release();
    const [free, under] = [await target.storedRows(store.url, "free"), await target.storedRows(store.url, "under")];
    const more = (rows: readonly StoredRow[], than: readonly StoredRow[]) =>
      rows.map(({ bytes }, n) => bytes - (than[n]?.bytes ?? 0));
    expect(more(under.checkpoints, free.checkpoints)).toEqual([target.bytesOfLease]);
    expect(more(under.writes, free.writes)).toEqual([target.bytesOfLease, expect.any(Number)]);
    await saver.copyThread("under", "copy");
    expect((await target.storedRows(store.url, "copy")).checkpoints).toEqual(under.checkpoints);
  });

  it("C-91 a checkpoint that is out of sight says it, too", async () => {
    const lease = await saver.acquireThread("hidden");
    const count = lease.token.slice(0, -18);
    for (const input of ["1", "2", "3"]) await deltaGraph(saver).invoke({ input }, lease.config);
    await lease.release();
    const { hidden } = await saver.prune(["hidden"]);
    const { checkpoints } = await target.storedRows(store.url, "hidden");
    expect(hidden).toBeGreaterThan(0);
    expect(new Set(checkpoints.map((row) => row.lease))).toEqual(new Set([count]));
    expect(await target.inspect(store.url, "hidden")).toMatchObject({ checkpoints: checkpoints.length, orphans: [] });
  });
}
