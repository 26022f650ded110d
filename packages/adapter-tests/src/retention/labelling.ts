import type { RunnableConfig } from "@langchain/core/runnables";
import { expect, it } from "vitest";
import { stepGraph } from "../step-graph.js";
import { putChain } from "./chains.js";
import type { RetentionStore } from "./retention-store.js";
import { on } from "./shown.js";
import type { KeepingSaver } from "./target.js";

/** Registers the tests of labels. */
export function labellingTests(store: RetentionStore): void {
  const found = async (saver: KeepingSaver, thread: string, labels: Record<string, string>): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { checkpoint } of saver.list(on(thread), { labels })) ids.push(checkpoint.id);
    return ids;
  };
  const labelsOf = async (saver: KeepingSaver, thread: string): Promise<unknown> => {
    for await (const { labels } of saver.listThreads({ prefix: thread })) return labels;
    return undefined;
  };

  it("C-39 checkpoints are found by what their run said of itself", async () => {
    const saver = store.open({ labels: ["tenant"] });
    const said: readonly RunnableConfig[] = [
      { metadata: { run_id: "1", tenant: "acme" } },
      { metadata: { run_id: "2" }, configurable: { tenant: "acme", user: "ada" } },
      { metadata: { tenant: "metadata" }, configurable: { tenant: "configurable", run_id: "3" } },
    ];
    const ids: string[][] = [];
    for (const config of said) ids.push(await putChain(saver, "runs", 2, config));
    const [first = [], second = [], third = []] = ids.map((some) => [...some].reverse());
    for (const by of [saver, store.open({ labels: ["tenant"] })]) {
      expect(await found(by, "runs", { run_id: "1" })).toEqual(first);
      expect(await found(by, "runs", { tenant: "acme" })).toEqual([...second, ...first]);
      expect(await found(by, "runs", { tenant: "acme", user: "ada" })).toEqual(second);
      expect(await found(by, "runs", { run_id: "3", tenant: "configurable" }), "what the server says counts").toEqual(third);
      expect(await found(by, "runs", { tenant: "metadata" })).toEqual([]);
      expect(await found(by, "runs", { tenant: "ac" })).toEqual([]);
      expect(await found(by, "runs", {})).toEqual([...third, ...second, ...first]);
    }
    const limited: string[] = [];
    for await (const { checkpoint } of saver.list(on("runs"), { labels: { tenant: "acme" }, limit: 3 }))
      limited.push(checkpoint.id);
    expect(limited).toEqual([...second, ...first].slice(0, 3));
  });

  it("C-39 where client and server both give a label, the option labelSource says which counts, also where it is none", async () => {
    const config = { metadata: { user: "mallory", graph_id: "of metadata" }, configurable: { user: "ada", user_id: 7 } };
    await putChain(store.open(), "by default", 1, config);
    await putChain(store.open({ labelSource: "configurable" }), "configurable", 1, config);
    await putChain(store.open({ labelSource: "metadata" }), "metadata", 1, config);
    const saver = store.open();
    const server = { user: "ada", user_id: "7", graph_id: "of metadata" };
    expect(await labelsOf(saver, "by default")).toEqual(server);
    expect(await labelsOf(saver, "configurable")).toEqual(server);
    expect(await labelsOf(saver, "metadata")).toEqual({ ...server, user: "mallory" });
    await putChain(saver, "too long", 1, { metadata: { user: "mallory" }, configurable: { user: "x".repeat(257) } });
    expect(await labelsOf(saver, "too long")).toEqual({});
  });

  it("C-39 a label that the saver does not take is refused wherever it is asked for", async () => {
    const saver = store.open({ labels: ["tenant"] });
    await putChain(saver, "t", 1, { configurable: { tenant: "acme" } });
    const labels = { tennant: "acme" };
    const asked: readonly (() => Promise<unknown>)[] = [
      () => saver.listThreads({ labels }).next(),
      () => saver.list(on("t"), { labels }).next(),
      () => saver.prune({ olderThan: 0, labels }, { strategy: "delete" }),
    ];
    for (const ask of asked) {
      await expect(ask()).rejects.toMatchObject({
        code: "HOLDFAST_INVALID_OPTIONS",
        message: expect.stringMatching(/"tennant".*run_id, graph_id, user, user_id, tenant/) as string,
      });
    }
    expect(await found(saver, "t", { tenant: "acme" })).toHaveLength(1);
  });

  it("C-39 a run's labels are not in the metadata of its checkpoints, and nothing else is copied", async () => {
    const saver = store.open({ labels: ["tenant"] });
    const config = {
      metadata: { run_id: "1", graph_id: "g", user: "ada", tenant: "acme", token: "not named" },
      configurable: { api_key: "sk-secret", org: "not named" },
    };
    await putChain(saver, "secret", 1, config);
    expect((await saver.getTuple(on("secret")))?.metadata).toEqual({ source: "loop", step: 0, parents: {} });
    expect(await labelsOf(saver, "secret")).toEqual({ graph_id: "g", user: "ada", tenant: "acme" });
    const looking = store.open({ labels: ["api_key", "org", "token"] });
    for (const labels of [{ api_key: "sk-secret" }, { org: "not named" }, { token: "not named" }] as Record<string, string>[]) {
      expect(await found(looking, "secret", labels)).toEqual([]);
    }
    // A saver that was not told of the label does not copy it.
    await putChain(store.open(), "untold", 1, config);
    expect(await labelsOf(saver, "untold")).toEqual({ graph_id: "g", user: "ada" });
  });

  it("C-39 numbers and booleans are labels as text; what is neither them nor a short string is none", async () => {
    const saver = store.open({ labels: ["a", "b", "c", "d", "e", "f", "g", "h", "i", "__proto__"] });
    const metadata = {
      a: 17,
      b: true,
      c: { an: "object" },
      d: ["a list"],
      e: "é".repeat(129),
      f: "nul\0",
      g: "\ud800",
      h: null,
      i: "x".repeat(256),
    };
    await putChain(saver, "odd", 1, { metadata });
    expect(await labelsOf(saver, "odd")).toEqual({ a: "17", b: "true", i: "x".repeat(256) });
    expect(await found(saver, "odd", { a: "17", b: "true" })).toHaveLength(1);
  });

  it("C-39 labels are data: quotes, patterns and text of any script", async () => {
    const saver = store.open({ labels: ["it's", "%", 'say "x"'] });
    const labels = { "it's": "'; drop table x; --", "%": "a%b_c\\d*", 'say "x"': '"{}é😀' };
    const [id] = await putChain(saver, "odd", 1, { metadata: labels });
    expect(await labelsOf(saver, "odd")).toEqual(labels);
    for (const [name, value] of Object.entries(labels)) {
      expect(await found(saver, "odd", { [name]: value })).toEqual([id]);
      expect(await found(saver, "odd", { [name]: `${value}%` })).toEqual([]);
    }
  });

  it("C-39 a run of a graph gives its labels to all its checkpoints", async () => {
    const saver = store.open({ labels: ["tenant"] });
    const config = { configurable: { ...on("graph").configurable, tenant: "acme", user: "ada" }, metadata: { run_id: "1" } };
    await stepGraph(saver, { one: () => undefined }).invoke({ input: "x" }, config);
    let all = 0;
    for await (const _ of saver.list(on("graph"))) all += 1;
    expect(await found(saver, "graph", { run_id: "1", tenant: "acme", user: "ada" })).toHaveLength(all);
    expect(all).toBeGreaterThan(2);
  });
}
