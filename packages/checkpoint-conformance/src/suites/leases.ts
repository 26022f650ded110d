// One file for one suite, as for every suite: its name is what the report and `--only` show.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type CaseContext, defineSuite } from "../case.js";
import { address, checkpointOf, listIds, metadataOf, put, putChain, readValues } from "../checkpoints.js";
import { assertFails, rejection } from "../failures.js";
import { type Abandoned, type Lease, type LeasingSaver, leasing } from "../leasing-saver.js";
import { assertSame } from "../same-value.js";

const needs = { requires: ["leases"], hooks: ["errors"] } as const;
/** Long enough that no machine is so slow that it ends by itself. */
const LONG_MS = 60_000;
const SHORT_MS = 200;
/** Long enough that a busy machine comes to renew it in time. */
const RENEWED_MS = 1_500;

/** Everything that writes, under a lease or none. */
function writes(saver: LeasingSaver, thread: string, lease?: Lease): Readonly<Record<string, () => Promise<unknown>>> {
  const leased = (ns: string, id?: string) => ({
    configurable: { ...lease?.config.configurable, ...address(thread, { ns, id }).configurable },
  });
  const putIn = (ns: string) => saver.put(leased(ns), checkpointOf({ values: { by: 1 } }), metadataOf(), { by: 1 });
  return {
    put: () => putIn(""),
    "put of a subgraph": () => putIn("sub:1"),
    putWrites: () => saver.putWrites(leased("", "1"), [["by", 1]], "task"),
    "putWrites of a subgraph": () => saver.putWrites(leased("sub:1", "1"), [["by", 1]], "task"),
    deleteThread: () => saver.deleteThread(thread, lease && { lease }),
  };
}

/** Runs every write and expects the same refusal of each, and that nothing has changed. */
async function allRefused(
  { target }: CaseContext,
  saver: LeasingSaver,
  thread: string,
  failure: "threadBusy" | "leaseLost",
  lease?: Lease,
): Promise<void> {
  const before = await listIds(saver, address(thread));
  for (const [name, write] of Object.entries(writes(saver, thread, lease))) await assertFails(target, failure, write, name);
  assert.deepEqual(await listIds(saver, address(thread)), before, "what is in the thread");
}

/** A lease that nobody renews, as after a crash. */
async function crashedLease(saver: LeasingSaver, thread: string, owner = "the dead one"): Promise<Lease> {
  const lease = await saver.acquireThread(thread, { ttlMs: SHORT_MS, owner });
  lease.leave();
  return lease;
}

/** The thread, if it is handed out as abandoned. What other cases left is claimed and left alone. */
async function abandonedOf(saver: LeasingSaver, thread: string, ttlMs = LONG_MS): Promise<Abandoned | undefined> {
  for await (const each of saver.abandonedThreads({ ttlMs })) {
    if (each.threadId === thread) return each;
    each.lease.leave();
  }
  return undefined;
}

async function untilAbandoned(saver: LeasingSaver, thread: string, ttlMs = LONG_MS): Promise<Abandoned> {
  for (;;) {
    const found = await abandonedOf(saver, thread, ttlMs);
    if (found !== undefined) return found;
  }
}

const savers = async (context: CaseContext): Promise<[LeasingSaver, LeasingSaver]> => [
  leasing(context.saver),
  leasing(await context.open()),
];

export const leases = defineSuite("leases", (it) => {
  it("C-90 one holder at a time; the others are told who it is", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    const lease = await saver.acquireThread(thread, { ttlMs: LONG_MS, owner: "worker 7" });
    for (const by of [saver, other]) {
      const error = await assertFails(context.target, "threadBusy", () => by.acquireThread(thread), "a second lease");
      assert.equal((error as { readonly owner?: unknown }).owner, "worker 7");
    }
    const free = await other.acquireThread(context.thread());
    await free.release();
    await lease.release();
    await lease.release();
    const next = await other.acquireThread(thread);
    await next.release();
  });

  it("C-90 of many who ask at once, one gets it", needs, async (context) => {
    const [saver, other] = await savers(context);
    for (let round = 0; round < 5; round += 1) {
      const thread = context.thread();
      const asked = Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? saver : other).acquireThread(thread, { ttlMs: LONG_MS }));
      const got = (await Promise.allSettled(asked)).flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
      assert.equal(got.length, 1);
      await got[0]?.release();
    }
  });

  it("C-90 one that is not renewed ends by itself", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    await crashedLease(saver, thread);
    const next = await other.acquireThread(thread, { waitMs: LONG_MS, ttlMs: LONG_MS });
    await next.release();
  });

  it("C-91 tokens grow, across savers, crashes and deletes", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    const tokens: bigint[] = [];
    for (let round = 0; round < 3; round += 1) {
      const lease = await saver.acquireThread(thread, { waitMs: LONG_MS });
      tokens.push(BigInt(lease.token));
      if (round === 1) await saver.deleteThread(thread, { lease });
      await lease.release();
      tokens.push(BigInt((await crashedLease(other, thread)).token));
    }
    assert.deepEqual(
      tokens,
      [...tokens].sort((a, b) => (a < b ? -1 : 1)),
    );
    assert.equal(new Set(tokens).size, tokens.length);
    assert((tokens[0] as bigint) > 0n);
  });

  it("C-91 a thread that is deleted under its lease takes the lease along", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    await putChain(saver, thread, 1);
    const lease = await saver.acquireThread(thread, { ttlMs: LONG_MS });
    await saver.deleteThread(thread, { lease });
    for (const [name, write] of Object.entries(writes(saver, thread, lease))) {
      // Of a thread that is not there, it is no error.
      if (name !== "deleteThread") await assertFails(context.target, "leaseLost", write, name);
    }
    assert.deepEqual(await listIds(other, address(thread)), []);
    const next = await other.acquireThread(thread, { waitMs: 0, ttlMs: LONG_MS });
    await next.release();
  });

  it("C-91 while a lease is live, only its token writes, in subgraphs too", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    const [first] = await putChain(saver, thread, 1, () => ({ values: { text: "x".repeat(2_000) } }));
    const lease = await saver.acquireThread(thread, { ttlMs: LONG_MS });
    for (const by of [saver, other]) await allRefused(context, by, thread, "threadBusy");
    // The token counts, not the saver that asked for it.
    for (const [name, write] of Object.entries(writes(other, thread, lease))) if (name !== "deleteThread") await write();
    assert((await listIds(other, address(thread))).length === 3);
    await lease.release();
    await put(other, { thread, parent: first, values: { text: "y" }, versions: { text: 2 } });
    assertSame(await readValues(saver, thread), { text: "y" }, "after the release");
  });

  it("C-91 the token of a lease that has ended writes nothing", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    await put(saver, { thread, values: { a: 1 } });
    const released = await saver.acquireThread(thread);
    await released.release();
    await allRefused(context, saver, thread, "leaseLost", released);
    const crashed = await crashedLease(saver, thread);
    const current = await other.acquireThread(thread, { waitMs: LONG_MS, ttlMs: LONG_MS });
    for (const by of [saver, other]) await allRefused(context, by, thread, "leaseLost", crashed);
    await current.release();
    await allRefused(context, saver, thread, "leaseLost", crashed);
  });

  it("C-91 the release of a lease that somebody else has by now frees nothing", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    const lease = await saver.acquireThread(thread, { ttlMs: SHORT_MS });
    freezeProcess(2 * SHORT_MS);
    // Its holder does not know yet that it is lost.
    const [next] = await Promise.all([other.acquireThread(thread, { waitMs: LONG_MS, ttlMs: LONG_MS }), lease.release()]);
    await assertFails(context.target, "threadBusy", () => saver.acquireThread(thread), "after the release of the lost one");
    await next.release();
  });

  it("C-91 a lease on one thread says nothing about another", needs, async (context) => {
    const [saver, other] = await savers(context);
    const [thread, neighbour] = [context.thread(), context.thread()];
    const lease = await saver.acquireThread(thread, { ttlMs: LONG_MS });
    const config = { configurable: { ...lease.config.configurable, thread_id: neighbour, checkpoint_ns: "" } };
    await saver.put(config, checkpointOf({ values: { a: 1 } }), metadataOf(), { a: 1 });
    await put(other, { thread: neighbour });
    await other.deleteThread(neighbour);
    await lease.release();
  });

  it("C-92 it is renewed for as long as it is held", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    const lease = await saver.acquireThread(thread, { ttlMs: RENEWED_MS });
    const patient = other.acquireThread(thread, { waitMs: 1.5 * RENEWED_MS });
    await assertFails(context.target, "threadBusy", () => patient, "waiting for one that is held");
    assert.equal(lease.signal.aborted, false);
    await Promise.all(Object.entries(writes(saver, thread, lease)).map(([name, write]) => name === "deleteThread" || write()));
    await lease.release();
  });

  it("C-92 its signal aborts when its process was frozen for longer than its time", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    const lease = await saver.acquireThread(thread, { ttlMs: SHORT_MS });
    freezeProcess(2 * SHORT_MS);
    const next = await other.acquireThread(thread, { waitMs: LONG_MS, ttlMs: LONG_MS });
    if (!lease.signal.aborted) await once(lease.signal, "abort");
    assert.equal((lease.signal.reason as { code?: unknown }).code, context.target.errors?.leaseLost);
    await lease.release();
    await assertFails(context.target, "threadBusy", () => saver.acquireThread(thread), "after a release of the lost one");
    await next.release();
  });

  it("C-93 who waits gets it when it is free, in order within a process", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    const lease = await other.acquireThread(thread, { ttlMs: LONG_MS });
    const order: number[] = [];
    const waiting = Array.from({ length: 5 }, async (_, n) => {
      const mine = await saver.acquireThread(thread, { waitMs: LONG_MS, ttlMs: LONG_MS });
      order.push(n);
      await mine.release();
    });
    await lease.release();
    await Promise.all(waiting);
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
  });

  it("C-93 who waits gives up when the time is up, or when told to", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    const lease = await saver.acquireThread(thread, { ttlMs: LONG_MS });
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const told = other.acquireThread(thread, { waitMs: Number.POSITIVE_INFINITY, signal: controller.signal });
    const behind = other.acquireThread(thread, { waitMs: 30 });
    await assertFails(context.target, "threadBusy", () => behind, "one that waits behind it");
    controller.abort(reason);
    assert.equal(await rejection(() => told, "an aborted wait"), reason);
    const late = other.acquireThread(thread, { signal: controller.signal });
    assert.equal(await rejection(() => late, "a wait that was aborted before"), reason);
    await lease.release();
    await (await other.acquireThread(thread, { waitMs: LONG_MS })).release();
  });

  it("C-90 a lease on a thread that was never written leaves nothing behind", needs, async (context) => {
    const saver = leasing(context.saver);
    const thread = context.thread();
    const lease = await saver.acquireThread(thread);
    assert.equal(await saver.getTuple(address(thread)), undefined);
    await lease.release();
    const left = Object.entries((await context.target.inspect?.(thread)) ?? {}).filter(([, count]) => count !== 0);
    assert.deepEqual(left, []);
  });

  it("C-96 a thread whose holder crashed is handed to one caller", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    await put(saver, { thread, values: { a: 1 } });
    await crashedLease(saver, thread);
    const found = await untilAbandoned(other, thread);
    assert.deepEqual({ owner: found.owner, tries: found.tries }, { owner: "the dead one", tries: 1 });
    assert.equal(await abandonedOf(saver, thread), undefined, "a second caller finds it");
    await other.put(
      { configurable: { ...found.lease.config.configurable, checkpoint_ns: "" } },
      checkpointOf({ values: { a: 2 } }),
      metadataOf(),
      { a: 1 },
    );
    await found.lease.release();
    assert.equal(await abandonedOf(saver, thread), undefined, "it is found after its release");
  });

  it("C-96 each crash is counted, until a release", needs, async (context) => {
    const [saver, other] = await savers(context);
    const thread = context.thread();
    await put(saver, { thread, values: { a: 1 } });
    for (let tries = 1; tries <= 3; tries += 1) {
      if (tries === 1) await crashedLease(saver, thread);
      const found = await untilAbandoned(other, thread, SHORT_MS);
      assert.equal(found.tries, tries);
      found.lease.leave();
    }
    const last = await untilAbandoned(other, thread);
    assert.equal(last.tries, 4);
    await last.lease.release();
    await crashedLease(saver, thread);
    const again = await untilAbandoned(other, thread);
    assert.equal(again.tries, 1);
    await again.lease.release();
  });

  it("C-96 one that was released, is live, waits for a human or has no checkpoint is not abandoned", needs, async (context) => {
    const saver = leasing(context.saver);
    const [released, live, waiting, empty, abandoned] = Array.from({ length: 5 }, () => context.thread()) as [
      string,
      string,
      string,
      string,
      string,
    ];
    for (const thread of [released, live, waiting, abandoned]) {
      const id = await put(saver, { thread, values: { a: 1 } });
      if (thread === waiting) {
        await saver.putWrites(address(thread, { ns: "", id }), [["__interrupt__", { value: "May I?" }]], "task");
      }
    }
    await (await saver.acquireThread(released)).release();
    const held = await saver.acquireThread(live, { ttlMs: LONG_MS });
    for (const thread of [waiting, empty, abandoned]) await crashedLease(saver, thread);
    const handedOut = new Set<string>();
    const collectOnce = async (): Promise<void> => {
      for await (const { threadId, lease } of saver.abandonedThreads({ ttlMs: LONG_MS })) {
        handedOut.add(threadId);
        lease.leave();
      }
    };
    // Its lease ends after those of the others, so that they have ended too when it is handed out; and then all are looked at again.
    while (!handedOut.has(abandoned)) await collectOnce();
    await collectOnce();
    const wrong = [released, live, waiting, empty].filter((thread) => handedOut.has(thread));
    assert.deepEqual(
      wrong.map((thread) => Object.entries({ released, live, waiting, empty }).find(([, each]) => each === thread)?.[0]),
      [],
      "handed out as abandoned",
    );
    await held.release();
  });

  it("C-90 what cannot be a lease is refused before any I/O", { ...needs, hooks: ["errors", "roundTrips"] }, async (context) => {
    const { target } = context;
    const saver = leasing(context.saver);
    await saver.getTuple(address(context.thread()));
    const before = target.roundTrips?.(saver);
    await assertFails(target, "missingThreadId", () => saver.acquireThread(undefined as never), "no thread");
    await assertFails(target, "invalidThreadId", () => saver.acquireThread(""), "an empty thread id");
    for (const options of [{ ttlMs: 0 }, { ttlMs: 1.5 }, { waitMs: -1 }, { waitMs: Number.NaN }, { owner: "" }]) {
      const error = await rejection(() => saver.acquireThread("t", options), JSON.stringify(options));
      assert("code" in error, String(error));
    }
    assert.equal(target.roundTrips?.(saver), before);
  });
});

/** Nothing in this process runs, timers included, as when its host pauses it. */
function freezeProcess(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
