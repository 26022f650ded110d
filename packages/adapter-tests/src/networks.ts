import type { HoldfastSaver, OperationOptions, RetryOptions } from "@holdfast/checkpoint-core";
import { eventually, gate, startTcpProxy, type TcpProxy } from "@holdfast/test-servers";
import type { RunnableConfig } from "@langchain/core/runnables";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { at, checkpointOf, listedIds, putWhole } from "./plain-checkpoints.js";
import { stepGraph } from "./step-graph.js";
import type { TestStore } from "./target.js";

/** Does something under the signal of `config`. */
type Operation = (saver: HoldfastSaver, config: RunnableConfig) => Promise<unknown>;

export interface NetworkTarget {
  openStore(): Promise<TestStore>;
  /** Where the store is for those who go through the proxy. */
  through(proxy: TcpProxy, url: string): string;
  /** A saver that opens its own connections, and closes them with `end()`. */
  connect(
    url: string,
    options?: { readonly retry?: RetryOptions },
  ): HoldfastSaver & { setup(options?: OperationOptions): Promise<unknown> };
  /** Of this store only. */
  readonly operations?: Readonly<Record<string, Operation>>;
}

/** Registers the tests of networks that swallow packets, and of operations that are to end before they are done. */
export function networkTests(target: NetworkTarget): void {
  let store: TestStore;
  let proxy: TcpProxy;
  const savers: HoldfastSaver[] = [];
  const warnings: (Error & { code?: string })[] = [];
  const unhandled: unknown[] = [];
  const noteWarning = (warning: Error): void => void warnings.push(warning);
  const noteRejection = (reason: unknown): void => void unhandled.push(reason);

  beforeAll(async () => {
    store = await target.openStore();
    process.on("warning", noteWarning).on("unhandledRejection", noteRejection);
  });
  afterAll(async () => {
    process.off("warning", noteWarning).off("unhandledRejection", noteRejection);
    await store?.drop();
  });
  beforeEach(async () => {
    const { hostname, port } = new URL(store.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  });
  afterEach(async () => {
    await Promise.all(savers.splice(0).map((saver) => saver.end()));
    await proxy.stop();
    expect(unhandled.splice(0)).toEqual([]);
  });

  function open(retry?: RetryOptions, url = target.through(proxy, store.url)): ReturnType<NetworkTarget["connect"]> {
    const saver = target.connect(url, retry && { retry });
    savers.push(saver);
    return saver;
  }

  it("C-70 C-71 connections on which nothing comes back any more cost a part of the budget, and the operation succeeds on another", async () => {
    const saver = open({ maxElapsedMs: 3_000, maxDelayMs: 100 });
    const thread = "half open";
    const [first, second] = [checkpointOf({ n: 1 }), checkpointOf({ n: 2 }, 2)];
    await putWhole(saver, thread, first);
    // More than one, all of which the network forgets.
    await Promise.all(Array.from({ length: 5 }, () => saver.getTuple(at(thread))));
    proxy.strand();
    await putWhole(saver, thread, second, first.id);
    proxy.strand();
    expect(await listedIds(saver, thread)).toEqual([second.id, first.id]);
    proxy.strand();
    await saver.ping();
  });

  it("C-70 the first retry of an operation is a warning of the process, once a minute for an address", async () => {
    warnings.splice(0);
    const saver = open({ maxElapsedMs: 60_000, maxDelayMs: 50 });
    await saver.getTuple(at("warned of"));
    proxy.refuse();
    proxy.cut();
    const reading = [1, 2, 3].map(() => saver.getTuple(at("warned of")));
    const warning = await eventually("it warns", () => warnings.find(({ code }) => code === "HOLDFAST_RETRYING"));
    expect(warning).toMatchObject({ name: "HoldfastWarning", message: expect.stringMatching(/^getTuple: .* (60|59) s: ./) });
    expect(warning.message).toContain(`${proxy.host}:${proxy.port}`);
    await proxy.accept();
    await Promise.all(reading);
    expect(warnings.filter(({ code }) => code === "HOLDFAST_RETRYING")).toEqual([warning]);
  });

  it("C-78 ping() asks the server for an answer, and fails where there is none", async () => {
    const saver = open();
    expect(await saver.ping()).toBeUndefined();
    proxy.refuse();
    proxy.cut();
    expect(await failureOf(() => saver.ping())).toMatchObject({
      code: "HOLDFAST_STORE_UNAVAILABLE",
      message: expect.stringMatching(new RegExp(`^ping: .*:${proxy.port}`)),
    });
    await proxy.accept();
    await saver.ping();
    await saver.end();
    expect(await failureOf(() => saver.ping())).toMatchObject({ code: "HOLDFAST_SAVER_CLOSED" });
  });

  const PATIENT: RetryOptions = { maxAttempts: 100_000, maxElapsedMs: 3_600_000, minDelayMs: 1, maxDelayMs: 600_000 };
  const optional = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });
  const checkpoint = checkpointOf({ n: 1 });
  const operations: Readonly<Record<string, Operation>> = {
    getTuple: (saver, config) => saver.getTuple(config),
    list: (saver, config) => saver.list(config).next(),
    getDeltaChannelHistory: (saver, config) => saver.getDeltaChannelHistory({ config, channels: ["n"] }),
    put: (saver, config) => saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { n: 1 }),
    putWrites: (saver, config) => saver.putWrites(config, [["n", 2]], "task"),
    deleteThread: (saver, { signal }) => saver.deleteThread("none", optional(signal)),
    prune: (saver, { signal }) => saver.prune({ olderThan: 120_000 }, optional(signal)),
    deleteForRuns: (saver, { signal }) => saver.deleteForRuns(["none"], optional(signal)),
    listThreads: (saver, { signal }) => saver.listThreads(optional(signal)).next(),
    ping: (saver, { signal }) => saver.ping(optional(signal)),
    stats: (saver, { signal }) => saver.stats(undefined, optional(signal)),
    "stats of a thread": (saver, { signal }) => saver.stats("none", optional(signal)),
    verify: (saver, { signal }) => saver.verify(undefined, optional(signal)),
    copyThread: (saver, { signal }) => saver.copyThread("none", "copy", optional(signal)),
    setLabels: (saver, { signal }) => saver.setLabels("none", { user: "ada" }, optional(signal)),
    revokeLease: (saver, { signal }) => saver.revokeLease("none", { reason: "none", ...optional(signal) }),
    abandonedThreads: (saver, { signal }) => saver.abandonedThreads(optional(signal)).next(),
    setup: (saver, { signal }) => (saver as ReturnType<NetworkTarget["connect"]>).setup(optional(signal)),
    ...target.operations,
  };
  const faults: Readonly<Record<string, () => void>> = {
    "while there is no answer": () => proxy.blackhole(),
    "while it is tried again": () => {
      proxy.refuse();
      proxy.cut();
    },
  };
  for (const [name, operation] of Object.entries(operations)) {
    for (const [when, fault] of Object.entries(faults)) {
      if (name === "ping" && when === "while it is tried again") continue;
      it(`C-76 ${name} ends with the signal's reason ${when}, and does nothing more`, async () => {
        const saver = open(PATIENT);
        const thread = `${name} ${when}`;
        const config = at(thread, checkpoint.id);
        await saver.getTuple(config);
        fault();
        const controller = new AbortController();
        const reason = new Error("nobody waits any more");
        const before = proxy.bytesUp;
        const ending = failureOf(() => operation(saver, { ...config, signal: controller.signal }));
        if (when === "while there is no answer") await eventually("it has asked", () => proxy.bytesUp > before);
        controller.abort(reason);
        expect(await ending).toBe(reason);
        // What the server was given, it may do yet; what was only to be tried again, nobody tries.
        proxy.restore();
        await proxy.accept();
        expect((await saver.getTuple(at(thread)))?.checkpoint.id).toBeOneOf([undefined, checkpoint.id]);
        if (when === "while it is tried again") expect(await listedIds(saver, thread)).toEqual([]);
        expect(await failureOf(() => operation(saver, { ...config, signal: controller.signal }))).toBe(reason);
      });
    }
  }

  it("C-76 of operations that share a step, one that ends leaves the others alone", async () => {
    // The first operation of a saver looks whether the store is set up, and all others wait for that.
    const saver = open(PATIENT);
    proxy.blackhole();
    const controller = new AbortController();
    const ended = failureOf(() => saver.getTuple({ ...at("shared"), signal: controller.signal }));
    const other = saver.getTuple(at("shared"));
    await eventually("one has asked", () => proxy.bytesUp > 0 || proxy.connections > 0);
    controller.abort(new Error("ended"));
    expect((await ended).message).toBe("ended");
    proxy.restore();
    expect(await other).toBeUndefined();
  });

  for (const durability of ["sync", "async", "exit"] as const) {
    it(`C-76 a run that is aborted has stored what it has done (durability ${durability})`, async () => {
      const saver = open();
      const config = at(`aborted ${durability}`);
      const controller = new AbortController();
      const reached = gate();
      const graph = stepGraph(saver, {
        first: () => {},
        second: async ({ signal }) => {
          reached.open();
          await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted"))));
        },
      });
      const running = failureOf(() => graph.invoke({ input: "in" }, { ...config, durability, signal: controller.signal }));
      await reached.opened;
      controller.abort();
      await running;
      // LangGraph does not wait for what it has handed over.
      await eventually("the first step is stored", async () => {
        const { values, next } = await graph.getState(config);
        return values.log?.[0] === "first in" && next[0] === "second";
      });
    });
  }

  it("C-76 a run that is aborted while the store is not there ends, and nothing of it goes on", async () => {
    const saver = open(PATIENT);
    const config = at("aborted in an outage");
    const controller = new AbortController();
    const reached = gate();
    const graph = stepGraph(saver, {
      first: () => {
        if (!reached.isOpen) proxy.blackhole();
        reached.open();
      },
      second: () => {},
    });
    const running = failureOf(() => graph.invoke({ input: "in" }, { ...config, durability: "sync", signal: controller.signal }));
    await reached.opened;
    controller.abort(new Error("ended"));
    await running;
    proxy.restore();
    expect(await graph.invoke({ input: "again" }, config)).toMatchObject({ log: expect.arrayContaining(["second again"]) });
  });
}
