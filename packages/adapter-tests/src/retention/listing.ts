// One file: each test lists, and most need the same helpers to read what is listed.
import { type ListThreadsOptions, type ThreadIdParts, type ThreadInfo, threadId } from "@holdfast/checkpoint-core";
import { eventually } from "@holdfast/test-servers";
import { Command } from "@langchain/langgraph";
import { expect, it } from "vitest";
import { checkpointOf, putWhole } from "../plain-checkpoints.js";
import { nestedQuestionGraph, questionGraph, twofoldQuestionGraph } from "../question-graph.js";
import { putChain } from "./chains.js";
import { stepGraph } from "../step-graph.js";
import { deltaGraph } from "./graphs.js";
import type { RetentionStore } from "./retention-store.js";
import { on } from "./shown.js";
import type { KeepingSaver } from "./target.js";

const nothing = () => undefined;

/** Registers the tests of finding threads again. */
export function listingTests(store: RetentionStore): void {
  async function listed(saver: KeepingSaver, options?: ListThreadsOptions): Promise<ThreadInfo[]> {
    const threads: ThreadInfo[] = [];
    for await (const thread of saver.listThreads(options)) threads.push(thread);
    return threads;
  }
  const ids = async (saver: KeepingSaver, options?: ListThreadsOptions): Promise<string[]> =>
    (await listed(saver, options)).map(({ threadId }) => threadId);

  const compare = (a: ThreadInfo, b: ThreadInfo): number => b.updatedAt.getTime() - a.updatedAt.getTime();

  it("C-26 the thread that was written last comes first", async () => {
    const saver = store.open();
    expect(await listed(saver)).toEqual([]);
    const made = ["c", "a", "e", "b", "d"];
    for (const thread of made) await putWhole(saver, thread, checkpointOf({ a: 1 }));
    const threads = await listed(store.open());
    expect(threads).toEqual([...threads].sort(compare));
    expect(threads.map(({ threadId }) => threadId)).toEqual([...made].reverse());
    await saver.deleteThread("e");
    expect(await ids(saver)).toEqual(["d", "b", "a", "c"]);
  });

  it("C-26 the thread with the last turn comes first, also within a minute, whichever process had it", async () => {
    const [one, other] = [store.open(), store.open()];
    const turn = (saver: KeepingSaver, thread: string): Promise<unknown> =>
      stepGraph(saver, { one: () => undefined }).invoke({ input: thread }, on(thread));
    for (const thread of ["A", "B", "C"]) await turn(one, thread);
    expect(await ids(one)).toEqual(["C", "B", "A"]);
    await turn(one, "A");
    expect(await ids(other)).toEqual(["A", "C", "B"]);
    await turn(other, "B");
    expect(await ids(one)).toEqual(["B", "A", "C"]);
    await turn(one, "C");
    await turn(other, "A");
    expect(await ids(one)).toEqual(["A", "C", "B"]);
    const times = (await listed(one)).map(({ updatedAt }) => updatedAt.getTime());
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  it("C-26 a thread that was written to long ago keeps its place behind those of late, whatever its name", async () => {
    const saver = store.open();
    for (const thread of ["a", "b", "c", "d"]) await putWhole(saver, thread, checkpointOf({ a: 1 }));
    expect(await ids(saver)).toEqual(["d", "c", "b", "a"]);
    const first = (await listed(saver, { limit: 1 }))[0];
    await putWhole(saver, "b", checkpointOf({ a: 2 }));
    expect(await ids(saver)).toEqual(["b", "d", "c", "a"]);
    expect(await ids(saver, { cursor: first?.cursor ?? "" }), "it has come forward meanwhile").toEqual(["c", "a"]);
  });

  it("C-26 a cursor is a text that a browser may send back, and nothing else is one", async () => {
    const saver = store.open();
    const names = ["é/😀 %&=?", "b", "c"];
    for (const name of names) await putWhole(saver, name, checkpointOf({ a: 1 }));
    const [page] = await listed(saver, { limit: 2 }).then((two) => two.slice(-1));
    const sent = JSON.parse(JSON.stringify(page)) as { cursor: string };
    expect(encodeURIComponent(sent.cursor)).toBe(sent.cursor);
    expect(await ids(saver, { cursor: sent.cursor })).toEqual([names[0]]);
    const last = (await listed(saver)).at(-1);
    expect(await ids(saver, { cursor: last?.cursor ?? "" })).toEqual([]);
    for (const cursor of [
      "",
      "1",
      "b",
      7,
      null,
      new Date(),
      page,
      `${sent.cursor}x`,
      sent.cursor.slice(1),
      sent.cursor.slice(0, -3),
    ]) {
      await expect(ids(saver, { cursor: cursor as never }), String(cursor)).rejects.toMatchObject({
        code: "HOLDFAST_INVALID_OPTIONS",
      });
    }
  });

  it("C-26 pages go on behind one another, however many threads have the same time", async () => {
    const saver = store.open();
    // Made at once, in batches, so that many have.
    const names = Array.from({ length: 113 }, (_, n) => `thread ${n}`);
    for (let from = 0; from < names.length; from += 20) {
      await Promise.all(names.slice(from, from + 20).map((name) => putWhole(saver, name, checkpointOf({ a: 1 }))));
    }
    const all = await listed(saver);
    expect(all.map(({ threadId }) => threadId).sort()).toEqual([...names].sort());
    expect(all).toEqual([...all].sort(compare));
    for (const limit of [1, 7, 50, 60]) {
      const pages: ThreadInfo[][] = [];
      for (let page = await listed(saver, { limit }); page.length > 0; ) {
        pages.push(page);
        if (limit === 1 && pages.length > 20) break;
        const cursor = page.at(-1)?.cursor;
        page = await listed(saver, { limit, ...(cursor && { cursor }) });
      }
      const paged = pages.flat().map(({ threadId }) => threadId);
      expect(paged, `in pages of ${limit}`).toEqual(all.slice(0, paged.length).map(({ threadId }) => threadId));
      expect(paged.length).toBe(limit === 1 ? 21 : all.length);
    }
    expect(await ids(saver, { limit: 0 })).toEqual([]);
    const last = all.at(-1);
    expect(await ids(saver, last && { cursor: last.cursor })).toEqual([]);
  });

  it("C-26 a prefix is a text and no pattern", async () => {
    const saver = store.open();
    const names = ["a%b", "a_b", "aXb", "a*c", "a[c]", "a\\d", "A%b", "a", "é", "e\u0301", "a%", "org:1", "org"];
    for (const name of names) await putWhole(saver, name, checkpointOf({ a: 1 }));
    for (const prefix of ["a", "a%", "a_", "a*", "a[", "a\\", "%", "_", "", "é", "e", "org", "org:", "no such", "a%b"]) {
      expect((await ids(saver, { prefix })).sort(), prefix).toEqual(names.filter((name) => name.startsWith(prefix)).sort());
    }
    const page = await listed(saver, { prefix: "a", limit: 2 });
    const rest = await listed(saver, { prefix: "a", ...(page[1] && { cursor: page[1].cursor }) });
    expect([...page, ...rest].map(({ threadId }) => threadId)).toEqual(await ids(saver, { prefix: "a" }));
  });

  it("C-26 within names whole parts of ids, the outermost ones", async () => {
    const saver = store.open();
    const names = [
      threadId({ tenant: "acme" }),
      threadId({ tenant: "acme", user: "42" }),
      threadId({ tenant: "acme", user: "42", conversation: "7" }),
      threadId({ tenant: "acme", user: "421" }),
      threadId({ tenant: "acme-evil" }),
      threadId({ tenant: "acme-evil", user: "42" }),
      threadId({ tenant: "acme/user:42" }),
      threadId({ tenant: "ac" }),
      threadId({ user: "42" }),
      "tenant:acme%",
      "acme",
    ];
    for (const name of names) await putWhole(saver, name, checkpointOf({ a: 1 }));
    const within: readonly (readonly [ThreadIdParts, readonly number[]])[] = [
      [{ tenant: "acme" }, [0, 1, 2, 3]],
      [{ tenant: "acme", user: "42" }, [1, 2]],
      [{ tenant: "acme", user: "4" }, []],
      [{ tenant: "acme/user:42" }, [6]],
      [{ tenant: "acme-evil" }, [4, 5]],
      [{ user: "42" }, [8]],
    ];
    for (const [parts, found] of within) {
      expect((await ids(saver, { within: parts })).sort(), JSON.stringify(parts)).toEqual(found.map((n) => names[n]).sort());
    }
    expect(await ids(saver, { within: { tenant: "acme" }, prefix: "tenant:acme/user:421" })).toEqual([names[3]]);
    for (const wrong of [{}, { tenant: undefined }, { tenant: "" }, { team: "a" }, null, "tenant:acme"]) {
      await expect(ids(saver, { within: wrong as never }), JSON.stringify(wrong)).rejects.toMatchObject({
        code: expect.stringMatching(/INVALID_(THREAD_ID|OPTIONS)/) as string,
      });
    }
    expect(await saver.prune({ olderThan: 0, within: { tenant: "acme" } }, { strategy: "delete" })).toMatchObject({ deleted: 4 });
    expect((await ids(saver)).sort()).toEqual(names.slice(4).sort());
  });

  it("C-26 labels, updatedAfter and idleFor narrow the list", async () => {
    const saver = store.open({ labels: ["tenant"] });
    const runs: readonly (readonly [thread: string, metadata: Record<string, unknown>])[] = [
      ["one", { tenant: "acme", user: "ada", run_id: "r1" }],
      ["two", { tenant: "acme", user: "bob" }],
      ["three", { tenant: "other", user: "ada" }],
      ["four", {}],
    ];
    for (const [thread, metadata] of runs) await putChain(saver, thread, 2, { metadata });
    expect((await ids(saver, { labels: { tenant: "acme" } })).sort()).toEqual(["one", "two"]);
    expect(await ids(saver, { labels: { tenant: "acme", user: "ada" } })).toEqual(["one"]);
    expect(await ids(saver, { labels: { tenant: "acme" }, prefix: "t" })).toEqual(["two"]);
    expect(await ids(saver, { labels: { tenant: "ac" } })).toEqual([]);
    expect(await ids(saver, { labels: { run_id: "r1" } }), "a run is no label of its thread").toEqual([]);
    expect((await ids(saver, { labels: {} })).sort()).toEqual(["four", "one", "three", "two"]);
    // The next run says something else of one thing, and nothing of the other.
    await putChain(store.open({ labels: ["tenant"] }), "one", 1, { metadata: { tenant: "other" } });
    expect((await listed(saver, { labels: { tenant: "other", user: "ada" } })).map(({ threadId }) => threadId).sort()).toEqual([
      "one",
      "three",
    ]);
    const all = await listed(saver);
    expect(all.find(({ threadId }) => threadId === "one")?.labels).toEqual({ tenant: "other", user: "ada" });
    // Known to the minute: who was written to in the minute before may have been since.
    expect(await ids(saver, { updatedAfter: new Date() })).toHaveLength(4);
    expect(await ids(saver, { updatedAfter: new Date(0) })).toHaveLength(4);
    expect(await ids(saver, { updatedAfter: new Date(Date.now() + 3_600_000) })).toEqual([]);
    expect(await ids(saver, { idleFor: 0 })).toHaveLength(4);
    expect(await ids(saver, { idleFor: 3_600_000 })).toEqual([]);
  });

  it("C-26 a thread says whether it waits for a human", async () => {
    const saver = store.open();
    const waiting = async (thread: string): Promise<boolean | undefined> =>
      (await listed(saver, { prefix: thread })).find(({ threadId }) => threadId === thread)?.isWaiting;
    const graphs = {
      root: questionGraph,
      nested: nestedQuestionGraph as unknown as typeof questionGraph,
      twofold: twofoldQuestionGraph as unknown as typeof questionGraph,
    };
    for (const [thread, graphOf] of Object.entries(graphs)) {
      const graph = graphOf(saver, nothing);
      await graph.updateState(on(thread), { input: "q" });
      expect(await waiting(thread), `${thread} before`).toBe(false);
      await graph.invoke({ input: "q" }, on(thread));
      expect(await waiting(thread), `${thread} asked`).toBe(true);
      await graph.invoke(new Command({ resume: "yes" }), on(thread));
      expect(await waiting(thread), `${thread} asked again`).toBe(true);
      // A worker that ends while it acts on the answer leaves it where it is.
      const end = new AbortController();
      const acting = graphOf(saver, () => end.abort());
      await acting.invoke(new Command({ resume: "no" }), { ...on(thread), signal: end.signal }).catch(() => undefined);
      // An aborted run does not wait for what it writes.
      await eventually(`${thread} is answered`, async () => (await waiting(thread)) === false);
      await graph.invoke(null, on(thread));
      expect(await waiting(thread), `${thread} afterwards`).toBe(false);
    }
  });

  it("C-26 a thread says who has its lease", async () => {
    const saver = store.open();
    for (const thread of ["leased", "free"]) await putWhole(saver, thread, checkpointOf({ a: 1 }));
    const lease = await saver.acquireThread("leased", { owner: "worker 1", ttlMs: 60_000 });
    const nobodys = await saver.acquireThread("no checkpoints yet");
    const leases = Object.fromEntries((await listed(saver)).map((thread) => [thread.threadId, thread.lease]));
    expect(leases).toEqual({ leased: { owner: "worker 1", remainingMs: expect.any(Number) }, free: undefined });
    expect(leases.leased?.remainingMs).toBeGreaterThan(0);
    expect(leases.leased?.remainingMs).toBeLessThanOrEqual(60_000);
    await Promise.all([lease.release(), nobodys.release()]);
    expect((await listed(saver)).map((thread) => thread.lease)).toEqual([undefined, undefined]);
  });

  it("C-26 a thread says what it has, and so do stats of it", async () => {
    const saver = store.open();
    const graph = nestedQuestionGraph(saver, nothing);
    const began = Date.now();
    await graph.invoke({ input: "q" }, on("nested"));
    let checkpoints = 0;
    const namespaces = new Set<string>();
    for await (const { config } of saver.list(on("nested"))) {
      checkpoints += 1;
      namespaces.add(String(config.configurable?.checkpoint_ns));
    }
    const [thread] = await listed(saver);
    const stats = await saver.stats("nested");
    expect([...(thread?.namespaces ?? [])].sort()).toEqual([...namespaces].sort());
    expect(thread).toMatchObject({ checkpoints, bytes: stats.bytes, isWaiting: true });
    expect(thread?.createdAt.getTime()).toBe(stats.oldest);
    expect(thread?.createdAt.getTime()).toBeGreaterThan(began - 60_000);
    expect(thread?.updatedAt.getTime()).toBeGreaterThan(began - 120_000);
  });

  it("C-26 a thread is as old as the checkpoint that began it", async () => {
    const saver = store.open();
    // As many as it takes to meet the turn of a millisecond.
    for (let n = 0; n < 200; n += 1) await putWhole(saver, `thread ${n}`, checkpointOf({ a: n }));
    for (const { threadId, createdAt } of await listed(saver)) {
      expect(createdAt.getTime(), threadId).toBe((await saver.stats(threadId)).oldest);
    }
  });

  it("C-28 stats count what is stored of a thread, and of all", async () => {
    const saver = store.open();
    expect(await saver.stats()).toMatchObject({
      threads: 0,
      checkpoints: 0,
      segments: 0,
      pendingWrites: 0,
      bytes: 0,
      oldest: undefined,
    });
    await questionGraph(saver, nothing).invoke({ input: "q" }, on("asked"));
    await putChain(saver, "chain", 5);
    const each = await Promise.all(["asked", "chain"].map((thread) => saver.stats(thread)));
    for (const [n, thread] of ["asked", "chain"].entries()) {
      const { checkpoints, segments, writes } = await store.inspect(thread);
      expect(each[n]).toMatchObject({ checkpoints, segments, pendingWrites: writes, checkpointsLastDay: checkpoints });
      expect(each[n]?.bytes).toBeGreaterThan(0);
    }
    const sum = (name: "checkpoints" | "segments" | "pendingWrites" | "bytes" | "checkpointsLastDay"): number =>
      each.reduce((total, stats) => total + stats[name], 0);
    const all = await saver.stats();
    expect(all).toEqual({
      threads: 2,
      checkpoints: sum("checkpoints"),
      segments: sum("segments"),
      pendingWrites: sum("pendingWrites"),
      bytes: sum("bytes"),
      checkpointsLastDay: sum("checkpointsLastDay"),
      oldest: Math.min(...each.map(({ oldest }) => oldest ?? 0)),
      occupiedBytes: expect.any(Number),
    });
    expect(all.occupiedBytes).toBeGreaterThan(0);
  });

  it("C-28 what is out of sight is not counted as a checkpoint", async () => {
    const saver = store.open();
    for (const input of ["1", "2"]) await deltaGraph(saver).invoke({ input }, on("deltas"));
    expect((await saver.prune(["deltas"])).hidden).toBeGreaterThan(0);
    expect(await saver.stats("deltas")).toMatchObject({ checkpoints: 1 });
    expect(await saver.stats()).toMatchObject({ checkpoints: 1, threads: 1 });
    expect(await listed(saver)).toMatchObject([{ checkpoints: 1, namespaces: [""] }]);
    expect((await store.inspect("deltas")).checkpoints).toBeGreaterThan(1);
  });
}
