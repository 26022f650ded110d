import { setImmediate as nextTick } from "node:timers/promises";
import type { HoldfastSaver, RetentionOptions, ThreadInfo } from "@holdfast/checkpoint-core";
import { Command } from "@langchain/langgraph";
import { type BaseCheckpointSaver, type CheckpointTuple, uuid6 } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, it } from "vitest";
import { askingSubgraph, chatGraph, deltaGraph, rememberingGraph, toolsGraph } from "./life-graphs.js";
import { at, listedIds } from "./plain-checkpoints.js";
import { integerOf, type Random, seeded } from "./seeded.js";
import type { AdapterTarget, TestedSaver, TestStore } from "./target.js";

/** A saver of ours, in full. */
export type LifeSaver = HoldfastSaver & TestedSaver;

/** Options that the tests of the life of threads set. */
export interface LifeOptions {
  readonly cacheBytes?: number;
  readonly labels?: readonly string[];
  readonly retention?: RetentionOptions;
}

export interface ThreadLifeTarget extends Omit<AdapterTarget, "open"> {
  open(url: string, options?: LifeOptions): LifeSaver;
  /**
   * What is wrong underneath with a thread, each fault in words: values and writes that nothing refers to, references that lead nowhere, counts that are
   * not so. Of a thread that is not there, everything that is.
   */
  faultsUnder(url: string, threadId: string): Promise<string[]>;
  /** Has the store believe that a thread was last written to so many milliseconds earlier. */
  makeIdle(url: string, threadId: string, milliseconds: number): Promise<void>;
}

const HOUR_MS = 3_600_000;

interface Put {
  readonly id?: string;
  readonly parent?: string | undefined;
  readonly ns?: string;
  readonly value?: string;
  readonly run?: string;
  readonly metadata?: Record<string, unknown>;
  readonly configurable?: Record<string, unknown>;
}

const longText = (name: string): string => `${name} `.repeat(400);

/** Puts a checkpoint with one text; its id. */
async function put(saver: BaseCheckpointSaver, thread: string, options: Put = {}): Promise<string> {
  const { id = uuid6(0), parent, ns = "", value = longText(id), run, metadata, configurable } = options;
  const config = {
    configurable: { ...at(thread, parent).configurable, checkpoint_ns: ns, ...configurable },
    metadata: { ...metadata, ...(run === undefined ? {} : { run_id: run }) },
  };
  const checkpoint = { v: 4, id, ts: "", channel_values: { text: value }, channel_versions: { text: id }, versions_seen: {} };
  await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, { text: id });
  return id;
}

async function putChain(saver: BaseCheckpointSaver, thread: string, length: number, options: Put = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < length; n += 1)
    ids.push(await put(saver, thread, { parent: options.parent, ...options, ...(n > 0 ? { parent: ids[n - 1] } : {}) }));
  return ids;
}

async function write(
  saver: BaseCheckpointSaver,
  thread: string,
  id: string,
  task: string,
  channel = "text",
  run?: string,
): Promise<void> {
  const config = { ...at(thread, id), ...(run === undefined ? {} : { metadata: { run_id: run } }) };
  await saver.putWrites(config, [[channel, longText(`written by ${task}`)]], task);
}

/** Everything that can be read of a thread. Values are compared as JSON, in which Holdfast keeps them. */
async function contentOf(saver: BaseCheckpointSaver, thread: string): Promise<unknown[]> {
  const content: unknown[] = [];
  for await (const tuple of saver.list({ configurable: { thread_id: thread } })) content.push(readable(tuple));
  return content;
}

function readable({ config, checkpoint, metadata, parentConfig, pendingWrites }: CheckpointTuple): unknown {
  const { checkpoint_ns: ns, checkpoint_id: id } = config.configurable ?? {};
  const parent: unknown = parentConfig?.configurable?.checkpoint_id;
  return JSON.parse(JSON.stringify({ ns, id, parent, checkpoint, metadata, pendingWrites }));
}

async function infosOf(saver: LifeSaver, options?: Parameters<LifeSaver["listThreads"]>[0]): Promise<ThreadInfo[]> {
  const infos: ThreadInfo[] = [];
  for await (const info of saver.listThreads(options)) infos.push(info);
  return infos;
}

const idsOf = async (saver: LifeSaver, options?: Parameters<LifeSaver["listThreads"]>[0]): Promise<string[]> =>
  (await infosOf(saver, options)).map(({ threadId }) => threadId);

interface Log {
  readonly log?: readonly string[];
}

/** What the graphs here have in common. */
interface LifeGraph {
  invoke(input: unknown, config: object): Promise<unknown>;
  getState(config: object): Promise<{
    readonly values: unknown;
    readonly tasks: readonly { readonly interrupts: readonly { readonly id?: string }[] }[];
  }>;
  getStateHistory(
    config: object,
  ): AsyncIterable<{ readonly values: unknown; readonly config: object; readonly next: readonly string[] }>;
}

type GraphOf = (saver: BaseCheckpointSaver) => LifeGraph;

/** Registers the tests of what becomes of threads: pruned, copied, swept, listed. */
export function threadLifeTests(target: ThreadLifeTarget): void {
  let store: TestStore;
  let saver: LifeSaver;
  let other: LifeSaver;
  let cold: LifeSaver;
  let threads = 0;
  const newThread = (): string => {
    threads += 1;
    return `thread ${threads}`;
  };
  const opened: LifeSaver[] = [];
  const open = (options?: LifeOptions, on = store): LifeSaver => {
    const one = target.open(on.url, options);
    opened.push(one);
    return one;
  };
  const expectSound = async (thread: string): Promise<void> => expect(await target.faultsUnder(store.url, thread)).toEqual([]);

  beforeAll(async () => {
    store = await target.openStore();
    saver = open();
    other = open();
    cold = open({ cacheBytes: 0 });
  });
  afterAll(async () => {
    await Promise.all(opened.map((one) => target.close(one)));
    await store?.drop();
  });

  /** A store on which nobody else works. */
  async function onOwnStore(work: (own: TestStore) => Promise<void>): Promise<void> {
    const own = await target.openStore();
    try {
      await work(own);
    } finally {
      await own.drop();
    }
  }

  it("C-52 C-53 keepLast keeps the newest of a thread, as they were, and frees the rest", async () => {
    const thread = newThread();
    const ids = await putChain(saver, thread, 12);
    const before = await contentOf(saver, thread);
    const report = await other.prune([thread], { keepLast: 3 });
    expect(report).toMatchObject({ threads: 1, checkpoints: 9, deleted: 0, hidden: 0, busy: [] });
    expect(report.bytes).toBeGreaterThan(0);
    expect(await listedIds(saver, thread)).toEqual(ids.slice(-3).reverse());
    expect(await contentOf(cold, thread)).toEqual(before.slice(0, 3));
    expect(await saver.getTuple(at(thread, ids[0]))).toBeUndefined();
    await expectSound(thread);
  });

  it("C-52 with maxAge, what is younger stays", async () => {
    const thread = newThread();
    await putChain(saver, thread, 4);
    expect(await saver.prune([thread], { keepLast: 1, maxAge: HOUR_MS })).toMatchObject({ threads: 0, checkpoints: 0 });
    expect(await listedIds(saver, thread)).toHaveLength(4);
    expect(await saver.prune([thread], { keepLast: 1, maxAge: 0 })).toMatchObject({ checkpoints: 3 });
  });

  it("C-52 the end of a branch stays where something was written to it", async () => {
    const thread = newThread();
    const [first] = await putChain(saver, thread, 2);
    const asks = await put(saver, thread, { parent: first });
    await write(saver, thread, asks, "a task", "__interrupt__");
    const head = await put(saver, thread, { parent: first });
    expect(await saver.prune([thread])).toMatchObject({ checkpoints: 2 });
    expect(await listedIds(saver, thread)).toEqual([head, asks]);
    expect((await cold.getTuple(at(thread, asks)))?.pendingWrites).toEqual([
      ["a task", "__interrupt__", longText("written by a task")],
    ]);
    await expectSound(thread);
  });

  it("C-52 several tools that wait for a human at once are all answered after keepLast: 1, one after the other", async () => {
    const thread = newThread();
    const config = { configurable: { thread_id: thread } };
    await toolsGraph(saver).invoke({ input: "first" }, config);
    await toolsGraph(saver).invoke(new Command({ resume: "yes" }), config);
    await toolsGraph(saver).invoke({ input: "mail pay call" }, config);
    const { tasks } = await toolsGraph(saver).getState(config);
    const asked = tasks.flatMap(({ interrupts }) => interrupts).map(({ id }) => String(id));
    expect(asked).toHaveLength(3);
    for (const [n, answer] of ["one", "two", "three"].entries()) {
      expect((await other.prune([thread], { keepLast: 1 })).busy).toEqual([]);
      await toolsGraph(other).invoke(new Command({ resume: { [String(asked[n])]: answer } }), config);
    }
    const { log = [] } = (await toolsGraph(cold).getState(config)).values as Log;
    expect(log.filter((line) => /^(mail|pay|call): (one|two|three)$/.test(line))).toHaveLength(3);
    expect(log.at(-1)).toMatch(/^done with /);
    await saver.prune([thread]);
    await expectSound(thread);
  });

  const graphs: Record<string, GraphOf> = {
    "a chat": chatGraph as unknown as GraphOf,
    "delta channels": deltaGraph as unknown as GraphOf,
    "a subgraph that remembers": rememberingGraph as unknown as GraphOf,
    "a subgraph that asks": askingSubgraph as unknown as GraphOf,
  };
  for (const [name, graphOf] of Object.entries(graphs)) {
    it(`C-52 ${name}: pruned after each step of a user, a thread goes on as one that is not`, async () => {
      const [pruned, whole] = [newThread(), newThread()];
      const results: unknown[][] = [[], []];
      for (const [n, thread] of [pruned, whole].entries()) {
        const config = { configurable: { thread_id: thread } };
        for (let turn = 0; turn < 5; turn += 1) {
          const by = [saver, other, cold][turn % 3] as LifeSaver;
          const inputs: unknown[] = [{ input: `turn ${turn}` }];
          if (graphOf === graphs["a subgraph that asks"])
            inputs.push(new Command({ resume: "yes" }), new Command({ resume: "no" }));
          for (const input of inputs) {
            await graphOf(by).invoke(input, config);
            if (thread === pruned) await other.prune([thread], { keepLast: 1 });
            results[n]?.push((await graphOf(other).getState(config)).values);
          }
        }
      }
      expect(results[0]).toEqual(results[1]);
      expect((await saver.stats(pruned)).checkpoints).toBeLessThan((await saver.stats(whole)).checkpoints / 2);
      await expectSound(pruned);
    });

    it(`C-52 ${name}: what is kept of the history is as it was`, async () => {
      const thread = newThread();
      const config = { configurable: { thread_id: thread } };
      for (let turn = 0; turn < 4; turn += 1) await graphOf(saver).invoke({ input: `turn ${turn}` }, config);
      const history = async () => {
        const states: { readonly values: unknown; readonly config: object }[] = [];
        for await (const { values, config: own } of graphOf(other).getStateHistory(config)) states.push({ values, config: own });
        return states;
      };
      const before = await history();
      await saver.prune([thread], { keepLast: 4 });
      const after = await history();
      expect(after).toEqual(before.slice(0, 4));
      await expectSound(thread);
    });
  }

  it("C-52 a graph whose subgraph remembers is replayed from a checkpoint that was kept", async () => {
    const [pruned, whole] = [newThread(), newThread()];
    const outcomes: unknown[] = [];
    for (const thread of [pruned, whole]) {
      const config = { configurable: { thread_id: thread } };
      for (const input of ["one", "two", "three"]) await rememberingGraph(saver).invoke({ input }, config);
      if (thread === pruned) await other.prune([thread], { keepLast: 6 });
      const graph = rememberingGraph(cold);
      for await (const state of graph.getStateHistory(config)) {
        if (!state.next.includes("inner")) continue;
        outcomes.push(await graph.invoke(null, state.config));
        break;
      }
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
  });

  it("C-53 who reads while a thread is pruned sees nothing half", async () => {
    const thread = newThread();
    const ids = await putChain(saver, thread, 60);
    const expected = new Map(ids.map((id) => [id, longText(id)]));
    let isOver = false;
    const reading = (async () => {
      while (!isOver) {
        for await (const { checkpoint } of cold.list(at(thread))) {
          expect(checkpoint.channel_values.text).toBe(expected.get(checkpoint.id));
        }
        await nextTick();
      }
    })();
    for (let keepLast = 50; keepLast > 0; keepLast -= 10) await other.prune([thread], { keepLast });
    isOver = true;
    await reading;
    expect(await listedIds(cold, thread)).toEqual(ids.slice(-10).reverse());
    await expectSound(thread);
  });

  it("C-53 more checkpoints than go at once are pruned all the same", { timeout: 240_000 }, async () => {
    const thread = newThread();
    const ids = await putChain(saver, thread, 1_100);
    expect(await saver.prune([thread], { keepLast: 1_060 })).toMatchObject({ checkpoints: 40 });
    await expectSound(thread);
    expect(await saver.prune([thread])).toMatchObject({ checkpoints: 1_059 });
    expect(await listedIds(cold, thread)).toEqual(ids.slice(-1));
    await expectSound(thread);
  });

  it("C-54 a run goes on while its checkpoints are pruned, and loses nothing", async () => {
    for (const by of [saver, cold]) {
      const thread = newThread();
      const ids = await putChain(by, thread, 3);
      // Another branch becomes the head, and what the run builds on goes.
      const head = await put(other, thread);
      await other.prune([thread]);
      expect(await listedIds(other, thread)).toEqual([head]);
      const next = await put(by, thread, { parent: ids[2] as string });
      expect((await cold.getTuple(at(thread)))?.checkpoint.channel_values.text).toBe(longText(next));
      await expectSound(thread);
    }
  });

  it("C-54 what is written to a checkpoint that was pruned meanwhile leaves nothing behind, and fails nothing", async () => {
    for (const by of [saver, cold]) {
      const thread = newThread();
      const [first = ""] = await putChain(by, thread, 2);
      await other.prune([thread]);
      await write(by, thread, first, "a late task");
      // By now, this process has seen the thread as it is after that.
      await by.getTuple(at(thread));
      await write(by, thread, first, "a later task");
      expect(await by.getTuple(at(thread, first))).toBeUndefined();
      await expectSound(thread);
    }
  });

  it("C-54 C-51 what builds on a pruned checkpoint of a thread that was deleted since is refused", async () => {
    const thread = newThread();
    const [first = ""] = await putChain(saver, thread, 2);
    await other.prune([thread]);
    await other.deleteThread(thread);
    for (const by of [saver, cold]) {
      await expect(put(by, thread, { parent: first })).rejects.toMatchObject({ code: "HOLDFAST_THREAD_DELETED" });
    }
  });

  it("C-54 a thread that somebody has the lease of is left alone, and pruned by its holder", async () => {
    const thread = newThread();
    await putChain(saver, thread, 4);
    const before = await contentOf(saver, thread);
    const lease = await saver.acquireThread(thread);
    expect(await other.prune([thread])).toMatchObject({ threads: 0, checkpoints: 0, busy: [thread] });
    expect(await contentOf(other, thread)).toEqual(before);
    expect(await saver.prune([thread], { lease })).toMatchObject({ checkpoints: 3, busy: [] });
    await lease.release();
    await putChain(saver, thread, 2);
    await expect(saver.prune([thread], { lease })).rejects.toMatchObject({ code: "HOLDFAST_LEASE_LOST" });
    await expectSound(thread);
  });

  it("C-52 strategy delete takes the whole thread", async () => {
    const thread = newThread();
    await putChain(saver, thread, 3);
    expect(await saver.prune([thread], { strategy: "delete" })).toMatchObject({ threads: 1, deleted: 1, checkpoints: 3 });
    expect(await saver.getTuple(at(thread))).toBeUndefined();
    await expectSound(thread);
  });

  it("C-52 C-59 a dry run says what would go, and changes nothing", async () => {
    const thread = newThread();
    await putChain(saver, thread, 5);
    const before = await contentOf(saver, thread);
    expect(await saver.prune([thread], { keepLast: 2, dryRun: true })).toMatchObject({ threads: 1, checkpoints: 3 });
    expect(await contentOf(saver, thread)).toEqual(before);
    expect(await saver.prune([thread], { keepLast: 2 })).toMatchObject({ threads: 1, checkpoints: 3 });
  });

  it("C-55 a run is taken out of its thread, which is then as it was before", async () => {
    const thread = newThread();
    const before = await putChain(saver, thread, 3, { run: `${thread} first` });
    const content = await contentOf(saver, thread);
    const [input = ""] = await putChain(saver, thread, 2, { parent: before.at(-1), run: `${thread} second` });
    await write(saver, thread, before.at(-1) as string, "its first task", "text", `${thread} second`);
    await write(saver, thread, input, "its task", "text", `${thread} second`);
    expect(await other.deleteForRuns([`${thread} second`])).toMatchObject({ checkpoints: 2 });
    expect(await contentOf(cold, thread)).toEqual(content);
    await expectSound(thread);
    expect(await other.deleteForRuns([`${thread} first`])).toMatchObject({ checkpoints: 3 });
    expect(await cold.getTuple(at(thread))).toBeUndefined();
    await expectSound(thread);
  });

  it("C-55 of delta channels, later checkpoints keep what was written to those of the run", async () => {
    const thread = newThread();
    const config = (run: string) => ({ configurable: { thread_id: thread }, metadata: { run_id: `${thread} ${run}` } });
    for (const run of ["one", "two", "three"]) await deltaGraph(saver).invoke({ input: run }, config(run));
    const { values } = await deltaGraph(cold).getState({ configurable: { thread_id: thread } });
    const report = await other.deleteForRuns([`${thread} two`]);
    expect(report.checkpoints + report.hidden).toBeGreaterThan(0);
    expect((await deltaGraph(cold).getState({ configurable: { thread_id: thread } })).values).toEqual(values);
    for await (const { metadata } of cold.list(at(thread), { labels: { run_id: `${thread} two` } }))
      expect(metadata).toBeUndefined();
    await expectSound(thread);
  });

  it("C-56 a sweep prunes and deletes what its retention says, one sweeper at a time", async () =>
    onOwnStore(async (own) => {
      const retention = { idleFor: HOUR_MS, keepLast: 2 };
      const [sweeper, another] = [open({ retention }, own), open({ retention }, own)];
      for (const thread of ["a", "b", "idle", "leased"]) await putChain(sweeper, thread, 4);
      const lease = await another.acquireThread("leased");
      await target.makeIdle(own.url, "idle", 2 * HOUR_MS);
      const plan = await sweeper.sweep({ dryRun: true });
      expect(plan).toMatchObject({ end: "done", seen: 4, deleted: 1 });
      for (const thread of ["a", "b", "idle", "leased"]) expect(await listedIds(another, thread)).toHaveLength(4);
      let isSecondBusy: unknown;
      const onProgress = (): void => {
        isSecondBusy ??= another.sweep().then(({ end }) => end);
      };
      const report = await sweeper.sweep({ batch: 1, onProgress });
      expect(await isSecondBusy).toBe("busy");
      expect(report).toMatchObject({ end: "done", seen: 4, deleted: 1, checkpoints: 8, busy: ["leased"] });
      expect(await another.getTuple(at("idle"))).toBeUndefined();
      for (const thread of ["a", "b"]) expect(await listedIds(another, thread)).toHaveLength(2);
      for (const thread of ["a", "b", "idle"]) expect(await target.faultsUnder(own.url, thread)).toEqual([]);
      await lease.release();
      expect(await another.sweep()).toMatchObject({ end: "done", seen: 3, checkpoints: 2, threads: 1 });
      expect(await another.sweep(), "nothing was written since").toMatchObject({ threads: 0, checkpoints: 0 });
    }));

  it("C-56 a sweep that was ended is gone on with by the next one", async () =>
    onOwnStore(async (own) => {
      const sweeper = open({ retention: { keepLast: 1 } }, own);
      for (let n = 0; n < 6; n += 1) await putChain(sweeper, `thread ${n}`, 2);
      const end = new AbortController();
      let seen = 0;
      const onProgress = ({ seen: now }: { readonly seen: number }): void => {
        seen = now;
        if (now >= 3) end.abort();
      };
      expect(await sweeper.sweep({ batch: 1, signal: end.signal, onProgress })).toMatchObject({
        end: "aborted",
        seen: 3,
        checkpoints: 3,
      });
      expect(await sweeper.sweep({ batch: 2 })).toMatchObject({ end: "done", seen: 6 - seen, checkpoints: 3 });
    }));

  it("C-58 a copy is equal in all that can be read, in its order too, and either can be deleted", async () => {
    const [thread, copy] = [newThread(), newThread()];
    const ids = await putChain(saver, thread, 5, { run: "a run", metadata: { user: "u" } });
    await put(saver, thread, { parent: ids[1] as string, ns: "sub:1" });
    await write(saver, thread, ids[4] as string, "a task");
    await write(saver, thread, uuid6(0), "the task of a checkpoint that is still to come");
    const before = await contentOf(saver, thread);
    expect(await other.copyThread(thread, copy)).toEqual({ checkpoints: 6 });
    expect(await contentOf(cold, copy)).toEqual(before);
    const {
      updatedAt: _,
      createdAt: __,
      threadId: ___,
      ...info
    } = (await infosOf(cold, { prefix: thread })).find((each) => each.threadId === thread) as ThreadInfo;
    expect((await infosOf(cold, { prefix: copy })).find((each) => each.threadId === copy)).toMatchObject(info);
    await expectSound(copy);
    await saver.deleteThread(thread);
    expect(await contentOf(cold, copy)).toEqual(before);
    const next = await put(other, copy, { parent: ids[4] as string });
    expect(await listedIds(cold, copy)).toEqual([next, ...[...ids].reverse()]);
    await expectSound(copy);
  });

  it("C-58 a thread that waits for a human goes on in its copy, and the original for itself", async () => {
    const [thread, copy] = [newThread(), newThread()];
    const on = (id: string) => ({ configurable: { thread_id: id } });
    await askingSubgraph(saver).invoke({ input: "x" }, on(thread));
    await saver.copyThread(thread, copy);
    for (const [id, answer] of [
      [copy, "in the copy"],
      [thread, "in the original"],
    ] as const) {
      await askingSubgraph(other).invoke(new Command({ resume: answer }), on(id));
      await askingSubgraph(cold).invoke(new Command({ resume: "no" }), on(id));
      const { log = [] } = (await askingSubgraph(saver).getState(on(id))).values as Log;
      expect(log).toContain(`first: ${answer}`);
      expect(log.at(-1)).toMatch(/^after/);
    }
  });

  it("C-58 C-59 onto a thread that is there, or of one that is not, nothing is copied", async () => {
    const [thread, there] = [newThread(), newThread()];
    await putChain(saver, thread, 2);
    await putChain(saver, there, 1);
    const before = await contentOf(saver, there);
    await expect(saver.copyThread(thread, there)).rejects.toMatchObject({ code: "HOLDFAST_THREAD_EXISTS" });
    await expect(saver.copyThread(thread, thread)).rejects.toMatchObject({ code: "HOLDFAST_THREAD_EXISTS" });
    await expect(saver.copyThread("nobody", newThread())).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
    expect(await contentOf(cold, there)).toEqual(before);
  });

  it("C-26 threads are listed, the one that was written last first, page by page", async () =>
    onOwnStore(async (own) => {
      const lister = open({ labels: ["team"] }, own);
      const started = Date.now();
      const ids = ["a/1", "a/2", "a/3", "b/1", "b/2"];
      for (const [n, id] of ids.entries()) {
        await putChain(lister, id, 2, { metadata: { user: `user ${n % 2}` }, configurable: { team: "red" } });
        await target.makeIdle(own.url, id, n * 2 * HOUR_MS);
      }
      expect(await idsOf(lister)).toEqual(ids);
      expect(await idsOf(lister, { prefix: "b/" })).toEqual(["b/1", "b/2"]);
      expect(await idsOf(lister, { labels: { user: "user 1", team: "red" } })).toEqual(["a/2", "b/1"]);
      expect(await idsOf(lister, { idleFor: 5 * HOUR_MS })).toEqual(["b/1", "b/2"]);
      expect(await idsOf(lister, { updatedAfter: new Date(started - 3 * HOUR_MS) })).toEqual(["a/1", "a/2"]);
      const paged: string[] = [];
      for (let before: ThreadInfo | undefined; ; ) {
        const [next] = await infosOf(lister, { limit: 1, ...(before === undefined ? {} : { before }) });
        if (next === undefined) break;
        paged.push(next.threadId);
        before = next;
      }
      expect(paged).toEqual(ids);
      const [info] = await infosOf(lister, { limit: 1 });
      expect(info).toMatchObject({ checkpoints: 2, namespaces: [""], isWaiting: false, labels: { user: "user 0", team: "red" } });
      expect(info?.bytes).toBeGreaterThan(0);
      expect(info?.lease).toBeUndefined();
      await put(lister, "b/2");
      expect((await idsOf(lister))[0] ?? "", "written to in this minute").toMatch(/^(b\/2|a\/1)$/);
    }));

  it("C-26 a listed thread says whether it waits for a human, and who has its lease", async () =>
    onOwnStore(async (own) => {
      const lister = open({}, own);
      const config = { configurable: { thread_id: "asks" } };
      const isWaiting = async () => (await infosOf(lister))[0]?.isWaiting;
      await askingSubgraph(lister).invoke({ input: "x" }, config);
      expect(await isWaiting()).toBe(true);
      await askingSubgraph(lister).invoke(new Command({ resume: "yes" }), config);
      expect(await isWaiting(), "for the second").toBe(true);
      await askingSubgraph(lister).invoke(new Command({ resume: "no" }), config);
      expect(await isWaiting()).toBe(false);
      await using lease = await lister.acquireThread("asks", { owner: "somebody" });
      const [info] = await infosOf(lister);
      expect(info?.lease).toMatchObject({ owner: "somebody" });
      expect(info?.lease?.remainingMs).toBeGreaterThan(0);
      expect(lease.threadId).toBe("asks");
    }));

  it("C-28 stats count what is stored, of a thread and in all", async () =>
    onOwnStore(async (own) => {
      const counter = open({}, own);
      const [last = ""] = (await putChain(counter, "a", 3)).slice(-1);
      await write(counter, "a", last, "a task");
      await putChain(counter, "b", 2);
      const [a, b, both] = [await counter.stats("a"), await counter.stats("b"), await counter.stats()];
      expect(a).toMatchObject({ checkpoints: 3, pendingWrites: 1, checkpointsLastDay: 3 });
      expect(a.segments).toBeGreaterThan(0);
      expect(Math.abs((a.oldest ?? 0) - Date.now())).toBeLessThan(HOUR_MS);
      expect(both).toMatchObject({
        threads: 2,
        checkpoints: 5,
        pendingWrites: 1,
        bytes: a.bytes + b.bytes,
        checkpointsLastDay: 5,
      });
      expect(both.occupiedBytes).toBeGreaterThan(0);
      await counter.prune(["a"]);
      const after = await counter.stats("a");
      expect(after).toMatchObject({ checkpoints: 1, pendingWrites: 1 });
      expect(after.bytes).toBeLessThan(a.bytes);
      await expect(counter.stats("nobody")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
    }));

  it("C-39 labels are those that were named, beside the checkpoint and never in its metadata", async () => {
    const thread = newThread();
    const labelled = open({ labels: ["team"] });
    const metadata = { user: "u", graph_id: "g", token: "a secret" };
    const [first] = await putChain(labelled, thread, 1, {
      run: "r1",
      metadata,
      configurable: { team: "red", password: "another" },
    });
    const second = await put(labelled, thread, { parent: first, run: "r2", metadata: { user: "v" } });
    const listed = async (labels: Record<string, string>): Promise<unknown[]> => {
      const found: unknown[] = [];
      for await (const { checkpoint, metadata: own } of labelled.list(at(thread), { labels })) {
        found.push(checkpoint.id);
        expect(own).toEqual({ source: "loop", step: 0, parents: {} });
      }
      return found;
    };
    expect(await listed({ run_id: "r1" })).toEqual([first]);
    expect(await listed({ run_id: "r2", user: "v" })).toEqual([second]);
    expect(await listed({ team: "red" })).toEqual([first]);
    expect(await listed({ team: "red", user: "v" })).toEqual([]);
    expect(await listed({ token: "a secret" })).toEqual([]);
    expect(await listed({})).toEqual([second, first]);
    const info = (await infosOf(labelled, { prefix: thread })).find(({ threadId }) => threadId === thread);
    expect(info?.labels).toEqual({ user: "v", graph_id: "g", team: "red" });
  });

  it("C-59 what cannot be meant is refused, and nothing is changed", async () => {
    const thread = newThread();
    await putChain(saver, thread, 3);
    const before = await contentOf(saver, thread);
    const wrong: unknown[] = [
      { keepLast: 0 },
      { keepLast: 1.5 },
      { keepLast: -1 },
      { keepLast: "2" },
      { maxAge: -1 },
      { maxAge: Number.NaN },
      { maxAge: Number.POSITIVE_INFINITY },
      { maxAge: Date.now() * 1_000 },
      { keepLats: 3 },
      { strategy: "drop" },
      { strategy: "delete", keepLast: 1 },
      { dryRun: "no" },
    ];
    for (const policy of wrong) {
      await expect(saver.prune([thread], policy as never), JSON.stringify(policy)).rejects.toMatchObject({
        code: "HOLDFAST_INVALID_OPTIONS",
      });
    }
    await expect(saver.prune([thread, "nobody"])).rejects.toMatchObject({ code: "HOLDFAST_THREAD_NOT_FOUND" });
    await expect(saver.prune([""])).rejects.toMatchObject({ code: "HOLDFAST_INVALID_THREAD_ID" });
    await expect(saver.prune({ olderThan: -1 })).rejects.toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
    await expect(saver.sweep()).rejects.toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
    expect(() => open({ retention: { idleFor: 1 } })).toThrow(expect.objectContaining({ code: "HOLDFAST_INVALID_OPTIONS" }));
    expect(await contentOf(cold, thread)).toEqual(before);
    expect(await saver.deleteForRuns([]), "no run").toMatchObject({ threads: 0 });
    expect(await saver.deleteForRuns(["a run that there is not"])).toMatchObject({ threads: 0 });
  });

  it(
    "C-52 C-53 C-55 C-58 whatever comes after whatever, what is kept stays readable and equal, and nothing else is left",
    { timeout: 240_000 },
    seeded(async (random) => {
      for (let round = 0; round < 6; round += 1) await randomLife(random, newThread);
    }),
  );

  /** Random puts, forks, writes, prunes, takings out of runs, and copies. */
  async function randomLife(random: Random, threadName: () => string): Promise<void> {
    const names = [threadName()];
    const runs = Array.from({ length: 3 }, (_, n) => `${names[0]} run ${n}`);
    const savers = [saver, other, cold];
    const pick = <T>(items: readonly T[]): T => items[integerOf(random, 0, items.length - 1)] as T;
    for (let step = 0; step < 40; step += 1) {
      const [thread, by] = [pick(names), pick(savers)];
      const before = await contentOf(cold, thread);
      const ids = before.map((each) => (each as { readonly id: string }).id);
      const choice = integerOf(random, 0, 9);
      if (choice < 5 || ids.length === 0) {
        const parent = ids.length === 0 ? undefined : random() < 0.6 ? ids[0] : pick(ids);
        await put(by, thread, { parent, run: pick(runs), value: longText(`step ${step % 7}`) });
      } else if (choice < 7) {
        await write(by, thread, pick(ids), `task ${step}`, pick(["text", "__interrupt__"]), pick(runs));
      } else if (choice < 8) {
        await by.prune([thread], { keepLast: integerOf(random, 1, 4) });
        const after = await contentOf(cold, thread);
        expect(before).toEqual(expect.arrayContaining(after));
        expect(after[0]).toEqual(before[0]);
      } else if (choice < 9) {
        await by.deleteForRuns([pick(runs)]);
        const after = await contentOf(cold, thread);
        const withoutWrites = (content: readonly unknown[]) =>
          content.map((each) => ({ ...(each as object), pendingWrites: [] }));
        expect(withoutWrites(before)).toEqual(expect.arrayContaining(withoutWrites(after)));
      } else {
        const copy = threadName();
        await by.copyThread(thread, copy);
        expect(await contentOf(cold, copy)).toEqual(before);
        names.push(copy);
      }
      await expectSound(thread);
    }
    for (const name of names) await expectSound(name);
  }
}
