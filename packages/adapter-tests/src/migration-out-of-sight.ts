import type { StoreStats } from "@holdfast/checkpoint-core";
import { gate, type NodeChild, spawnNode } from "@holdfast/test-servers";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "./bundled-child.js";
import { HALF, type MigratorMessage } from "./children/migrator.js";
import { storeEnvironment } from "./children/store-url.js";
import { failureOf } from "./failure.js";
import { allOf } from "./migration/all-of.js";
import { FIXED_HEAD, fixedConversation } from "./migration/fixed-conversation.js";
import { watched } from "./migration/watched-saver.js";
import { wholeThread } from "./migration/whole-thread.js";
import { at, checkpointOf, listedIds, putWhole } from "./plain-checkpoints.js";
import { retentionStore } from "./retention/retention-store.js";
import type { KeepingSaver, RetentionTarget } from "./retention/target.js";

const HOUR_MS = 3_600_000;
const NOT_FOUND = { code: "HOLDFAST_THREAD_NOT_FOUND" };
const BUSY = { code: "HOLDFAST_THREAD_BUSY" };

/** Everything a saver reports about its store. */
interface Seen {
  readonly listed: readonly string[];
  readonly threads: readonly unknown[];
  readonly stats: Omit<StoreStats, "occupiedBytes">;
  readonly verified: unknown;
  readonly pruned: unknown;
  readonly deleted: unknown;
  readonly ofRuns: unknown;
  readonly swept: unknown;
}

async function seenBy(saver: KeepingSaver): Promise<Seen> {
  const { occupiedBytes: _, ...stats } = await saver.stats();
  const listed = await allOf(saver.list({}));
  return {
    listed: listed.map(({ config }) => `${config.configurable?.thread_id} ${config.configurable?.checkpoint_id}`),
    threads: await allOf(saver.listThreads()),
    stats,
    verified: await saver.verify(),
    pruned: await saver.prune({ olderThan: 0 }, { dryRun: true }),
    deleted: await saver.prune({ olderThan: 0 }, { strategy: "delete", dryRun: true }),
    ofRuns: await saver.deleteForRuns(["a run"], { dryRun: true }),
    swept: await saver.sweep({ dryRun: true }),
  };
}

/** A write that is refused, or that waits: what a saver without the old one is told that has no part in the migration. */
async function isKeptFrom(saver: KeepingSaver): Promise<void> {
  expect(await saver.getTuple(at(HALF))).toBeUndefined();
  expect(await saver.getTuple(at(HALF, FIXED_HEAD))).toBeUndefined();
  expect(await listedIds(saver, HALF)).toEqual([]);
  expect(await saver.getDeltaChannelHistory({ config: at(HALF), channels: ["log"] })).toEqual({ log: { writes: [] } });
  expect(await failureOf(() => saver.stats(HALF))).toMatchObject(NOT_FOUND);
  expect(await failureOf(() => saver.verify(HALF))).toMatchObject(NOT_FOUND);
  expect(await failureOf(() => saver.prune([HALF], { keepLast: 1 }))).toMatchObject(NOT_FOUND);
  expect(await failureOf(() => saver.copyThread(HALF, "copy"))).toMatchObject(BUSY);
  expect(await failureOf(() => saver.copyThread("whole", HALF))).toMatchObject({ code: "HOLDFAST_THREAD_EXISTS" });
  expect(await failureOf(() => putWhole(saver, HALF, checkpointOf({ log: [] })))).toMatchObject(BUSY);
  expect(await failureOf(() => saver.putWrites(at(HALF, FIXED_HEAD), [["log", 1]], "task 2"))).toMatchObject(BUSY);
}

/** Registers the tests that a thread of which a part has been migrated shows nowhere. */
export function migrationOutOfSightTests(target: RetentionTarget): void {
  const store = retentionStore(target);
  const open = (fallback?: BaseCheckpointSaver): KeepingSaver =>
    store.open({ retention: { keepLast: 1, idleFor: HOUR_MS }, ...(fallback === undefined ? {} : { fallback }) });

  /** A store that has a thread of its own. */
  async function withWhole(): Promise<KeepingSaver> {
    const plain = open();
    const first = checkpointOf({ log: ["first"] });
    await putWhole(plain, "whole", first);
    await putWhole(plain, "whole", checkpointOf({ log: ["first", "second"] }, 2), first.id);
    return plain;
  }

  /** What a sweep does, to a thread that nobody has written to for long, too: nothing. */
  async function isNotSwept(plain: KeepingSaver): Promise<void> {
    await store.age(HALF, 2 * HOUR_MS);
    expect(await plain.sweep()).toMatchObject({ seen: 1, deleted: 0, busy: [] });
  }

  /** Everything of the old thread, in its order, each once. */
  async function isWhole(plain: KeepingSaver, old: BaseCheckpointSaver, task: string): Promise<void> {
    const before = await wholeThread(old, HALF);
    const after = await wholeThread(plain, HALF);
    expect(after[""]?.slice(1)).toEqual(before[""]?.slice(1));
    expect((await plain.getTuple(at(HALF)))?.pendingWrites?.map(([id]) => id).sort()).toEqual(["task", task]);
    expect((await plain.stats()).threads).toBe(2);
    expect((await allOf(plain.listThreads())).map(({ threadId }) => threadId).sort()).toEqual([HALF, "whole"]);
    expect(await plain.prune([HALF], { keepLast: 1 })).toMatchObject({ threads: 1, checkpoints: 5 });
    expect(await listedIds(plain, HALF)).toEqual([FIXED_HEAD]);
  }

  it("C-26 C-28 C-113 while a thread is being migrated, nothing but whole threads is listed, counted, pruned or swept", async () => {
    const plain = await withWhole();
    const old = await fixedConversation(HALF);
    const other = open(old);
    const [before, beforeByOther] = [await seenBy(plain), await seenBy(other)];
    const [reached, release] = [gate(), gate()];
    let reads = 0;
    const migrator = open(
      watched(old, async (method, [config]) => {
        if (method !== "getTuple" || (config as ReturnType<typeof at>).configurable?.checkpoint_id === undefined) return;
        reads += 1;
        if (reads !== 4) return;
        reached.open();
        await release.opened;
      }),
    );
    const writing = migrator.putWrites(at(HALF, FIXED_HEAD), [["log", "more"]], "task 2");
    await reached.opened;
    expect((await store.inspect(HALF)).checkpoints, "a part of it is here").toBe(3);
    expect(await seenBy(plain)).toEqual(before);
    expect(await seenBy(other)).toEqual(beforeByOther);
    await isKeptFrom(plain);
    await isNotSwept(plain);
    release.open();
    await writing;
    await isWhole(plain, old, "task 2");
  });

  describe("by a process that is killed, or stalls", () => {
    let script: BundledChild;
    let migrator: NodeChild | undefined;
    beforeAll(async () => {
      script = await bundleChild(new URL("migrator.ts", target.children));
    });
    afterAll(async () => {
      await migrator?.kill();
      await script?.remove();
    });
    const told = (kind: MigratorMessage["kind"]): Promise<MigratorMessage> =>
      (migrator as NodeChild).nextMessage((each): each is MigratorMessage => (each as MigratorMessage).kind === kind);
    const startMigrating = async (url: string): Promise<void> => {
      migrator = await spawnNode(script.path, { env: storeEnvironment(url) });
      await told("in the middle");
    };
    /** Waits until the lease that the process had is over. */
    const leaseEnds = async (saver: KeepingSaver): Promise<void> =>
      (await saver.acquireThread(HALF, { waitMs: 30_000 })).release();

    it("C-26 C-28 C-113 a part of a thread that a killed process has left shows nowhere, and the next write makes it whole", async () => {
      const plain = await withWhole();
      const old = await fixedConversation(HALF);
      const before = [await seenBy(plain), await seenBy(open(old))];
      await startMigrating(store.url());
      await migrator?.kill();
      await leaseEnds(plain);
      expect((await store.inspect(HALF)).checkpoints, "a part of it is here").toBe(3);
      expect([await seenBy(plain), await seenBy(open(old))]).toEqual(before);
      await isKeptFrom(plain);
      await isNotSwept(plain);
      expect(await allOf(plain.abandonedThreads())).toEqual([]);
      // With a lease of its own, too.
      const lease = await plain.acquireThread(HALF);
      const { configurable } = lease.config;
      const underIt = { configurable: { ...configurable, ...at(HALF, FIXED_HEAD).configurable } };
      expect(await failureOf(() => plain.putWrites(underIt, [["log", 1]], "task 2"))).toMatchObject(BUSY);
      await lease.release();
      expect(await wholeThread(open(old), HALF)).toEqual(await wholeThread(old, HALF));
      await open(old).putWrites(at(HALF, FIXED_HEAD), [["log", "more"]], "task 2");
      await isWhole(plain, old, "task 2");
    });

    it("C-113 a process that stalls in the middle of a migration writes nothing more once another has finished it", async () => {
      const plain = await withWhole();
      const old = await fixedConversation(HALF);
      await startMigrating(store.url());
      await migrator?.stop();
      await leaseEnds(plain);
      await open(old).putWrites(at(HALF, FIXED_HEAD), [["log", "more"]], "task 2");
      const after = await wholeThread(plain, HALF);
      migrator?.continue();
      await migrator?.send("go on");
      expect(await told("ended")).toEqual({ kind: "ended", code: "HOLDFAST_LEASE_LOST" });
      expect(await wholeThread(plain, HALF)).toEqual(after);
      await isWhole(plain, old, "task 2");
    });

    it("C-114 a part of a thread that a killed process has left is deleted with the thread", async () => {
      const plain = await withWhole();
      const old = await fixedConversation(HALF);
      await startMigrating(store.url());
      await migrator?.kill();
      await leaseEnds(plain);
      await open(old).deleteThread(HALF);
      expect(await store.inspect(HALF)).toMatchObject({ checkpoints: 0, segments: 0, writes: 0, orphans: [] });
      expect(await failureOf(() => open(old).putWrites(at(HALF, FIXED_HEAD), [["log", 1]], "task 2"))).toMatchObject({
        code: "HOLDFAST_THREAD_DELETED",
      });
      await putWhole(open(old), HALF, checkpointOf({ log: ["anew"] }));
      expect(await listedIds(plain, HALF)).toHaveLength(1);
    });
  });
}
