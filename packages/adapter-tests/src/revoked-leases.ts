import { exclusive, type ThreadLease } from "@holdfast/checkpoint-core";
import { eventually, gate } from "@holdfast/test-servers";
import type { RunnableConfig } from "@langchain/core/runnables";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { abandonedOf, type LeaseTarget, type LeasingSaver } from "./lease-target.js";
import { at, checkpointOf } from "./plain-checkpoints.js";
import { stepGraph } from "./step-graph.js";
import type { TestStore } from "./target.js";

const REVOKED = { code: "HOLDFAST_LEASE_LOST", reason: "revoked", message: expect.stringContaining("it has hung since noon") };
const reason = "it has hung since noon";
const LONG_MS = 600_000;
/** It is renewed in a third of it: soon, and well before it ends on a slow machine. */
const RENEWED_MS = 6_000;

/** Registers the tests of leases that an operator ends. */
export function revokedLeaseTests(target: LeaseTarget): void {
  let store: TestStore;
  let saver: LeasingSaver;
  /** The operator's. */
  let other: LeasingSaver;
  let threads = 0;
  let thread: string;

  beforeAll(async () => {
    store = await target.openStore();
    [saver, other] = [target.open(store.url), target.open(store.url)];
  });
  afterAll(async () => {
    for (const each of [saver, other]) if (each !== undefined) await target.close(each);
    await store?.drop();
  });
  beforeEach(() => {
    threads += 1;
    thread = `revoked ${threads}`;
  });

  const on = (id: string) => ({ configurable: { thread_id: id } });

  function put(lease: ThreadLease, id: string): Promise<RunnableConfig> {
    const checkpoint = { ...checkpointOf({ a: id }), id };
    const config = { configurable: { ...at(thread).configurable, ...lease.config.configurable } };
    return saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, checkpoint.channel_versions);
  }
  function putWrites(lease: ThreadLease, id: string): Promise<void> {
    const config = { configurable: { ...at(thread, id).configurable, ...lease.config.configurable } };
    return saver.putWrites(config, [["a", "late"]], "task");
  }

  it("C-98 whoever has a lease that is revoked can write nothing from then on, and learns why", async () => {
    const lease = await saver.acquireThread(thread, { ttlMs: LONG_MS, owner: "worker 7" });
    for (const id of ["1", "2"]) await put(lease, id);
    expect(await other.revokeLease(thread, { reason })).toEqual({ owner: "worker 7" });
    const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
      put: () => put(lease, "3"),
      putWrites: () => putWrites(lease, "2"),
      prune: () => saver.prune([thread], { lease }),
      deleteThread: () => saver.deleteThread(thread, { lease }),
    };
    for (const [name, attempt] of Object.entries(attempts)) expect(await failureOf(attempt), name).toMatchObject(REVOKED);
    const next = await other.acquireThread(thread);
    expect(BigInt(next.token)).toBeGreaterThan(BigInt(lease.token));
    expect(await failureOf(() => put(lease, "3")), "while another has the lease").toMatchObject(REVOKED);
    await next.release();
    expect(await failureOf(() => put(lease, "3")), "and after that").toMatchObject(REVOKED);
    expect((await other.getTuple(on(thread)))?.checkpoint.id).toBe("2");
    expect(await failureOf(() => put(next, "3"))).toMatchObject({ code: "HOLDFAST_LEASE_LOST", reason: "ended" });
  });

  it("C-98 its signal aborts at its next renewal, with the reason", async () => {
    const lease = await saver.acquireThread(thread, { ttlMs: RENEWED_MS });
    await other.revokeLease(thread, { reason });
    await eventually("the signal aborts", () => lease.signal.aborted);
    expect(lease.signal.reason).toMatchObject(REVOKED);
    await lease.release();
  });

  it("C-98 in the saver that revokes it, a run ends at once; its thread is free, and not abandoned", async () => {
    const arrived = gate();
    const graph = stepGraph(saver, {
      one: async () => {
        arrived.open();
        await gate().opened;
      },
    });
    const app = exclusive(graph, { ttlMs: LONG_MS, onAbort: "handOver" });
    const running = failureOf(() => app.invoke({ input: "x" }, on(thread)));
    await arrived.opened;
    await saver.revokeLease(thread, { reason });
    expect(await running).toMatchObject(REVOKED);
    await (await other.acquireThread(thread)).release();
    expect(await abandonedOf(other)).toEqual([]);
  });

  it("C-98 a thread that was abandoned is free; where nobody has a lease, there is nothing to revoke", async () => {
    expect(await other.revokeLease("no thread", { reason })).toBeUndefined();
    const lease = await saver.acquireThread(thread, { ttlMs: LONG_MS, owner: "left" });
    await put(lease, "1");
    await lease.handOver();
    expect(await other.revokeLease(thread, { reason })).toEqual({ owner: "left" });
    expect(await other.revokeLease(thread, { reason })).toBeUndefined();
    expect(await abandonedOf(other)).toEqual([]);
  });

  it("C-98 a reason must be given, and be a text", async () => {
    for (const given of [undefined, {}, { reason: "" }, { reason: 7 }, { reason: "x".repeat(1_025) }, { reason: "\0" }]) {
      const error = await failureOf(() => other.revokeLease(thread, given as never));
      expect(error, JSON.stringify(given)).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
    }
  });

  it("C-90 no lease is given for longer than maxLeaseTtlMs; without a ttlMs, for as long at most", async () => {
    const strict = target.open(store.url, { maxLeaseTtlMs: 5_000 });
    expect(await failureOf(() => strict.acquireThread(thread, { ttlMs: 5_001 }))).toMatchObject({
      code: "HOLDFAST_INVALID_OPTIONS",
    });
    expect(await failureOf(() => strict.abandonedThreads({ ttlMs: 5_001 }).next())).toMatchObject({
      code: "HOLDFAST_INVALID_OPTIONS",
    });
    const lease = await strict.acquireThread(thread);
    const error = await failureOf(() => other.acquireThread(thread));
    expect((error as { remainingMs?: number }).remainingMs).toBeLessThanOrEqual(5_000);
    await lease.release();
    await target.close(strict);
  });
}
