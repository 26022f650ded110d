// One file: each test sends a message twice, one way or another.
import { exclusive, IdempotencyKeyReusedError, LeaseLostError, ThreadBusyError } from "@holdfast/checkpoint-core";
import { eventually, gate } from "@holdfast/test-servers";
import { HumanMessage } from "@langchain/core/messages";
import { Command, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { failureOf } from "./failure.js";
import type { LeaseTarget, LeasingSaver } from "./lease-target.js";
import { nestedQuestionGraph, questionGraph, twofoldQuestionGraph } from "./question-graph.js";
import { nestedStepGraph, type Step, stepGraph } from "./step-graph.js";
import type { TestStore } from "./target.js";

/** Registers the tests of idempotent runs in one process, with two savers on one store. */
export function idempotentRunTests(target: LeaseTarget): void {
  let store: TestStore;
  let saver: LeasingSaver;
  let other: LeasingSaver;
  let threads = 0;
  let thread: string;
  const idempotencyKey = "message_id";

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
    thread = `idempotent ${threads}`;
  });

  const on = (message: unknown, id = thread) => ({ configurable: { thread_id: id, message_id: message } });
  const input = { input: "x" };
  const idsOf = async (id = thread): Promise<unknown[]> => {
    const ids: unknown[] = [];
    for await (const { checkpoint } of saver.list({ configurable: { thread_id: id } })) ids.push(checkpoint.id);
    return ids;
  };
  async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
    const all: unknown[] = [];
    for await (const item of items) all.push(item);
    return all;
  }

  /** Two replicas of a graph of steps that count how often they run. */
  function replicas(steps: Readonly<Record<string, Step>> = {}, build: typeof stepGraph = stepGraph) {
    const ran: string[] = [];
    const counted = (name: string): Step => {
      return (config) => {
        ran.push(name);
        return steps[name]?.(config);
      };
    };
    const all = Object.fromEntries(["one", "two", "three"].map((name) => [name, counted(name)]));
    return { ran, graphs: [build(saver, all), build(other, all)] as const };
  }

  for (const durability of ["sync", "async", "exit"] as const) {
    for (const [shape, build] of [
      ["a graph", stepGraph],
      ["a subgraph", nestedStepGraph],
    ] as const) {
      it(`C-100 the same message again returns what it came to, and nothing runs (${shape}, durability "${durability}")`, async () => {
        const { ran, graphs } = replicas({}, build);
        const [app, elsewhere] = graphs.map((graph) => exclusive(graph, { idempotencyKey }));
        const first = await app?.invoke(input, { ...on("m1"), durability });
        const ids = await idsOf();
        for (const each of [app, elsewhere]) expect(await each?.invoke(input, { ...on("m1"), durability })).toEqual(first);
        expect(ran).toEqual(["one", "two", "three"]);
        expect(await idsOf()).toEqual(ids);
        const second = await elsewhere?.invoke(input, { ...on("m2"), durability });
        expect(second?.log.slice(0, first?.log.length)).toEqual(first?.log);
        expect(await app?.invoke(input, { ...on("m1"), durability })).toEqual(first);
        expect(await app?.invoke(input, { ...on("m2"), durability })).toEqual(second);
        expect(ran).toHaveLength(6);
      });
    }
  }

  it("C-100 a message that comes again while it is answered waits for the answer, also where others are refused", async () => {
    for (const whenBusy of ["wait", "reject", "interrupt", "rollback"] as const) {
      const [arrived, goOn] = [gate(), gate()];
      const id = `${thread} ${whenBusy}`;
      const step = async () => {
        arrived.open();
        await goOn.opened;
      };
      const { ran, graphs } = replicas({ two: step });
      const [app, elsewhere] = graphs.map((graph) => exclusive(graph, { idempotencyKey, whenBusy }));
      const first = app?.invoke(input, on("m1", id));
      await arrived.opened;
      const again = [app, elsewhere, elsewhere].map((each) => each?.invoke(input, on("m1", id)));
      const refused = exclusive(graphs[1], { idempotencyKey, whenBusy: "reject" }).invoke(input, on("m2", id));
      expect(await failureOf(() => refused)).toBeInstanceOf(ThreadBusyError);
      const impatient = exclusive(graphs[1], { idempotencyKey, whenBusy, waitMs: 20 }).invoke(input, on("m1", id));
      expect(await failureOf(() => impatient)).toBeInstanceOf(ThreadBusyError);
      goOn.open();
      for (const each of again) expect(await each).toEqual(await first);
      expect(ran, whenBusy).toEqual(["one", "two", "three"]);
    }
  });

  it("C-100 many at once are answered once", async () => {
    const { ran, graphs } = replicas();
    const apps = graphs.map((graph) => exclusive(graph, { idempotencyKey }));
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => apps[n % 2]?.invoke(input, on("m1"))));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(ran).toEqual(["one", "two", "three"]);
  });

  it("C-100 stream, streamEvents and batch repeat the final values", async () => {
    const { ran, graphs } = replicas();
    const app = exclusive(graphs[0], { idempotencyKey });
    const values = await app.invoke(input, on("m1"));
    expect(await collect(await app.stream(input, { ...on("m1"), streamMode: "values" }))).toEqual([values]);
    expect(await collect(await app.stream(input, { ...on("m1"), streamMode: ["updates", "values"] }))).toEqual([
      ["values", values],
    ]);
    const deep = { ...on("m1"), streamMode: ["values"] as const, subgraphs: true };
    expect(await collect(await app.stream(input, deep as never))).toEqual([[[], "values", values]]);
    expect(await collect(await app.stream(input, { ...on("m1"), streamMode: "updates" }))).toEqual([]);
    expect(await app.batch([input, input], on("m1"))).toEqual([values, values]);
    const events = (await collect(app.streamEvents(input, { ...on("m1"), version: "v2" }))) as {
      event: string;
      data: { output: unknown };
    }[];
    expect(events.filter(({ event }) => event === "on_chain_end").map(({ data }) => data.output)).toEqual([values]);
    expect(await (await app.streamEvents(input, { ...on("m1"), version: "v3" })).output).toEqual(values);
    expect(
      await app.withConfig({ configurable: { message_id: "m1" } }).invoke(input, { configurable: { thread_id: thread } }),
    ).toEqual(values);
    expect(ran).toHaveLength(3);
  });

  it("C-100 a streamed run is repeated, also to a reader who reads nothing more; one that was left is finished", async () => {
    const { ran, graphs } = replicas();
    const app = exclusive(graphs[0], { idempotencyKey });
    const chunks = await collect(await app.stream(input, { ...on("m1"), streamMode: "values" }));
    expect(await app.invoke(input, on("m1"))).toEqual(chunks.at(-1));
    expect(ran).toHaveLength(3);
    for await (const _ of await app.stream(input, { ...on("m2"), streamMode: "updates" })) break;
    expect(await app.invoke(input, on("m2"))).toMatchObject({ log: ["one x", "two x", "three x", "one x", "two x", "three x"] });
    expect(ran.slice(3)).toEqual(expect.arrayContaining(["one", "two", "three"]));
  });

  for (const [shape, build] of [
    ["a graph", questionGraph],
    ["a subgraph", nestedQuestionGraph],
    ["one step", twofoldQuestionGraph],
  ] as const) {
    it(`C-100 a run that stopped at a question is repeated with that question, whatever was answered since (${shape})`, async () => {
      const acts: string[] = [];
      const [app, elsewhere] = [saver, other].map((each) =>
        exclusive(
          build(each, (name) => void acts.push(name)),
          { idempotencyKey },
        ),
      );
      const answer = new Command({ resume: "yes" }) as never;
      const first = await app?.invoke(input, on("m1"));
      expect(first).toMatchObject({ __interrupt__: [{ value: "May I do the first?" }] });
      expect(await elsewhere?.invoke(input, on("m1"))).toEqual(first);
      const second = await app?.invoke(answer, on("a1"));
      expect(second).toMatchObject({ __interrupt__: [{ value: "May I do the second?" }] });
      const known = [...acts];
      expect(await elsewhere?.invoke(answer, on("a1"))).toEqual(second);
      expect(await elsewhere?.invoke(input, on("m1"))).toEqual(first);
      const stream = await elsewhere?.stream(input, { ...on("m1"), streamMode: ["values", "updates"] });
      const { __interrupt__, ...values } = first as unknown as Record<string, unknown>;
      expect(await collect(stream as never)).toEqual([
        ["values", values],
        ["updates", { __interrupt__ }],
        ["values", { __interrupt__ }],
      ]);
      expect(acts).toEqual(known);
      const third = await elsewhere?.invoke(answer, on("a2"));
      expect(third?.log.join()).toMatch(/yes.*yes/);
      expect(await app?.invoke(answer, on("a2"))).toEqual(third);
      expect(await app?.invoke(answer, on("a1"))).toEqual(second);
      expect(await app?.invoke(input, on("m1"))).toEqual(first);
      expect(acts).toHaveLength(shape === "one step" ? 1 : 2);
    });
  }

  it("C-101 a run that threw is no outcome: the same message goes on where it failed", async () => {
    let failures = 2;
    const failing: Step = () => {
      failures -= 1;
      if (failures >= 0) throw new Error("a model that is overloaded");
    };
    const { ran, graphs } = replicas({ two: failing });
    const [app, elsewhere] = graphs.map((graph) => exclusive(graph, { idempotencyKey }));
    expect(await failureOf(async () => app?.invoke(input, on("m1")))).toMatchObject({ message: "a model that is overloaded" });
    expect(await failureOf(async () => elsewhere?.invoke(input, on("m1")))).toMatchObject({
      message: "a model that is overloaded",
    });
    const answer = await elsewhere?.invoke(input, on("m1"));
    expect(answer?.log).toEqual(["one x", "two x", "three x"]);
    expect(ran).toEqual(["one", "two", "two", "two", "three"]);
    expect(await app?.invoke(input, on("m1"))).toEqual(answer);
  });

  it("C-101 after a run that threw, a later message goes on from the thread as it is; the first, again, comes after it", async () => {
    let failures = 1;
    const { graphs } = replicas({
      one: () => {
        failures -= 1;
        if (failures >= 0) throw new Error("a failure");
      },
    });
    const app = exclusive(graphs[0], { idempotencyKey });
    await failureOf(() => app.invoke({ input: "first" }, on("m1")));
    expect((await app.invoke({ input: "second" }, on("m2"))).log).toHaveLength(3);
    expect((await app.invoke({ input: "first" }, on("m1"))).log.slice(3)).toEqual(["one first", "two first", "three first"]);
    expect((await app.invoke({ input: "second" }, on("m2"))).log).toHaveLength(3);
  });

  it("C-101 the same message with another input is an error, whatever became of the first", async () => {
    const { ran, graphs } = replicas({
      three: (config) => (config.configurable?.message_id === "bad" ? Promise.reject(new Error("bad")) : undefined),
    });
    const app = exclusive(graphs[0], { idempotencyKey });
    await app.invoke(input, on("m1"));
    await failureOf(() => app.invoke(input, on("bad")));
    const known = ran.length;
    for (const message of ["m1", "bad"]) {
      for (const another of [{ input: "y" }, null, new Command({ resume: "x" })]) {
        const error = await failureOf(() => app.invoke(another, on(message)));
        expect(error).toBeInstanceOf(IdempotencyKeyReusedError);
        expect(error).toMatchObject({ threadId: thread, key: message, code: "HOLDFAST_IDEMPOTENCY_KEY_REUSED" });
      }
    }
    expect(ran).toHaveLength(known);
    expect((await app.invoke({ input: "y" }, on("m1", `${thread} beside`))).log, "keys are those of a thread").toHaveLength(3);
  });

  it("C-101 an input is the same by its content: not by the order of keys, nor by ids that messages were given", async () => {
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("answer", () => ({ messages: [{ role: "assistant", content: "hello" }] }))
      .addEdge(START, "answer")
      .compile({ checkpointer: saver });
    const app = exclusive(graph, { idempotencyKey });
    // LangGraph gives this very object an id.
    const message = { messages: [new HumanMessage({ content: "hi", additional_kwargs: { a: 1, b: 2 } })] };
    const first = await app.invoke(message, on(1));
    expect(await app.invoke(message, on(1))).toEqual(first);
    expect(
      await app.invoke({ messages: [new HumanMessage({ id: "1", content: "hi", additional_kwargs: { b: 2, a: 1 } })] }, on("1")),
    ).toEqual(first);
    expect(await failureOf(() => app.invoke({ messages: [new HumanMessage("ho")] }, on(1n)))).toBeInstanceOf(
      IdempotencyKeyReusedError,
    );
  });

  for (const whenBusy of ["interrupt", "rollback"] as const) {
    it(`C-101 a run that was overtaken is over (${whenBusy}): the same message again fails like it, and takes the thread from nobody`, async () => {
      const [arrived, goOn] = [gate(), gate()];
      const { graphs } = replicas({
        two: async (config) => {
          if (config.configurable?.message_id !== "m1") return;
          arrived.open();
          await goOn.opened;
        },
      });
      const [app, elsewhere] = graphs.map((graph) => exclusive(graph, { idempotencyKey, whenBusy, owner: "somebody" }));
      const first = failureOf(async () => app?.invoke({ input: "first" }, { ...on("m1"), durability: "sync" }));
      await arrived.opened;
      const waiting = failureOf(async () => elsewhere?.invoke({ input: "first" }, on("m1")));
      const second = await elsewhere?.invoke({ input: "second" }, on("m2"));
      expect(second?.log).toEqual(
        ["one first", "one second", "two second", "three second"].slice(whenBusy === "rollback" ? 1 : 0),
      );
      goOn.open();
      for (const error of [await first, await waiting, await failureOf(async () => app?.invoke({ input: "first" }, on("m1")))]) {
        expect(error).toBeInstanceOf(LeaseLostError);
        expect(error).toMatchObject({ reason: "overtaken", owner: "somebody" });
      }
      expect(await app?.invoke({ input: "second" }, on("m2"))).toEqual(second);
    });
  }

  it("C-102 an outcome is kept as long as its thread, and its checkpoint is not pruned", async () => {
    const { ran, graphs } = replicas();
    const app = exclusive(graphs[0], { idempotencyKey });
    const answers = [await app.invoke(input, on("m1")), await app.invoke(input, on("m2")), await app.invoke(input, on("m3"))];
    await saver.prune([thread]);
    expect(await idsOf()).toHaveLength(3);
    for (const [n, answer] of answers.entries()) expect(await app.invoke(input, on(`m${n + 1}`))).toEqual(answer);
    await saver.copyThread(thread, `${thread} copied`);
    expect(await app.invoke(input, on("m2", `${thread} copied`))).toEqual(answers[1]);
    expect(ran).toHaveLength(9);
    await saver.deleteThread(thread);
    expect(await app.invoke(input, on("m1"))).toEqual(answers[0]);
    expect(ran).toHaveLength(12);
  });

  it("C-102 with idempotencyTtlMs, it is kept for that time", async () => {
    const { ran, graphs } = replicas();
    const app = exclusive(graphs[0], { idempotencyKey, idempotencyTtlMs: 60_000 });
    const brief = exclusive(graphs[0], { idempotencyKey, idempotencyTtlMs: 1 });
    await app.invoke(input, on("m1"));
    await brief.invoke(input, on("m2"));
    const another = () => brief.invoke({ input: "another" }, on("m2"));
    await eventually("its time is up", () =>
      another().then(
        () => true,
        () => false,
      ),
    );
    expect((await app.invoke(input, on("m1"))).log).toHaveLength(3);
    expect(ran).toHaveLength(9);
    await saver.prune([thread]);
    expect(await idsOf()).toHaveLength(2);
  });

  it("C-102 a run that was taken out of the thread has no outcome", async () => {
    const { ran, graphs } = replicas();
    const app = exclusive(graphs[0], { idempotencyKey });
    await app.invoke(input, on("m1"));
    await app.invoke({ input: "y" }, { ...on("m2"), metadata: { run_id: "r2" } });
    await saver.deleteForRuns(["r2"]);
    expect((await app.invoke({ input: "y" }, on("m2"))).log).toHaveLength(6);
    expect((await app.invoke(input, on("m1"))).log).toHaveLength(3);
    expect(ran).toHaveLength(9);
  });

  it("C-101 a run without a key is a run like any other; a key that went missing on the way is an error", async () => {
    const { ran, graphs } = replicas();
    const app = exclusive(graphs[0], { idempotencyKey });
    const plain = { configurable: { thread_id: thread } };
    await app.invoke(input, plain);
    expect((await app.invoke(input, plain)).log).toHaveLength(6);
    await app.updateState(on("m1"), { log: ["edited"] }, "three");
    expect((await app.invoke(input, on("m1"))).log).toHaveLength(10);
    const known = ran.length;
    for (const key of ["", null, {}, 1.5, "a\0b", "x".repeat(257)]) {
      expect(await failureOf(() => app.invoke(input, on(key)))).toMatchObject({ code: "HOLDFAST_INVALID_CONFIG" });
    }
    expect(ran).toHaveLength(known);
    for (const options of [
      { idempotencyKey: "" },
      { idempotencyKey: "thread_id" },
      { idempotencyKey: "__x" },
      { idempotencyTtlMs: 1 },
      { idempotencyKey, idempotencyTtlMs: 0 },
    ]) {
      expect(await failureOf(async () => exclusive(graphs[0], options))).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
    }
  });
}
