import { exclusive, IdempotencyKeyReusedError, LeaseLostError } from "@holdfast/checkpoint-core";
import { eventually, gate } from "@holdfast/test-servers";
import { HumanMessage } from "@langchain/core/messages";
import { Command, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { IdempotentStage } from "./idempotent-stage.js";
import type { LeaseTarget, LeasingSaver } from "./lease-target.js";
import { type Step, stepGraph } from "./step-graph.js";

/** Registers the tests of idempotent runs that failed, were overtaken or taken out, of their keys, and of how long they are known. */
export function idempotentKeyTests(target: LeaseTarget): void {
  const stage = new IdempotentStage(target);
  const { on, idsOf, replicas } = stage;
  const input = { input: "x" };
  const idempotencyKey = "message_id";

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
        expect(error).toMatchObject({ threadId: stage.thread, key: message, code: "HOLDFAST_IDEMPOTENCY_KEY_REUSED" });
      }
    }
    expect(ran).toHaveLength(known);
    expect((await app.invoke({ input: "y" }, on("m1", `${stage.thread} beside`))).log, "keys are those of a thread").toHaveLength(
      3,
    );
  });

  it("C-101 an input is the same by its content: not by the order of keys, nor by ids that messages were given", async () => {
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("answer", () => ({ messages: [{ role: "assistant", content: "hello" }] }))
      .addEdge(START, "answer")
      .compile({ checkpointer: stage.saver });
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

  it("C-101 a node's key is not that of runs which it begins on other threads, nor of calls within its run", async () => {
    let besides = 0;
    const count = (): void => {
      besides += 1;
    };
    const beside = exclusive(stepGraph(stage.other, { one: count }), { idempotencyKey });
    const id = `${stage.thread} beside`;
    const { graphs } = replicas({
      two: async (config) => {
        for (const each of ["a", "b"]) {
          await beside.invoke({ input: each }, { configurable: { thread_id: id, checkpoint_ns: "" } });
          await beside.invoke({ input: each }, on("m1", `${id}, as a subgraph`));
        }
        await app.updateState({ configurable: config.configurable ?? {} }, { log: ["edited"] }, "one");
      },
    });
    const app = exclusive(graphs[0], { idempotencyKey });
    const first = await app.invoke(input, on("m1"));
    expect(await app.invoke(input, on("m1"))).toEqual(first);
    expect(besides).toBe(4);
  });

  it("C-83 C-101 a run that is handed over when its saver ends is finished when its message comes again", async () => {
    const [arrived, ended] = [gate(), gate()];
    const ending = stage.open();
    const ran: string[] = [];
    const stepsOn = (on: LeasingSaver) =>
      stepGraph(on, {
        one: () => void ran.push("one"),
        two: async (config) => {
          ran.push("two");
          if (on !== ending) return;
          arrived.open();
          await Promise.race([ended.opened, new Promise((resolve) => config.signal?.addEventListener("abort", resolve))]);
          config.signal?.throwIfAborted();
        },
      });
    const first = failureOf(() =>
      exclusive(stepsOn(ending), { idempotencyKey }).invoke(input, { ...on("m1"), durability: "sync" }),
    );
    await arrived.opened;
    await ending.end();
    ended.open();
    expect(await first).toMatchObject({ code: "HOLDFAST_SAVER_CLOSED" });
    const app = exclusive(stepsOn(stage.other), { idempotencyKey });
    expect((await app.invoke(input, on("m1"))).log).toEqual(["one x", "two x"]);
    expect(ran).toEqual(["one", "two", "two"]);
    await stage.close(ending);
  });

  it("C-101 C-113 a thread that is still in the saver before comes here with its first message, which is answered once", async () => {
    const before = new MemorySaver();
    await stepGraph(before, { one: () => undefined }).invoke({ input: "before" }, { configurable: { thread_id: stage.thread } });
    const here = [stage.open({ fallback: before }), stage.open({ fallback: before })];
    let ran = 0;
    const count = (): void => {
      ran += 1;
    };
    const apps = here.map((each) => exclusive(stepGraph(each, { one: count }), { idempotencyKey }));
    const answers = await Promise.all([0, 1, 0, 1].map((n) => apps[n]?.invoke(input, on("m1"))));
    for (const answer of answers) expect(answer?.log).toEqual(["one before", "one x"]);
    expect(ran).toBe(1);
    for (const each of here) await stage.close(each);
  });

  it("C-102 an outcome is kept as long as its thread, and its checkpoint is not pruned", async () => {
    const { ran, graphs } = replicas();
    const app = exclusive(graphs[0], { idempotencyKey });
    const answers = [await app.invoke(input, on("m1")), await app.invoke(input, on("m2")), await app.invoke(input, on("m3"))];
    await stage.saver.prune([stage.thread]);
    expect(await idsOf()).toHaveLength(3);
    for (const [n, answer] of answers.entries()) expect(await app.invoke(input, on(`m${n + 1}`))).toEqual(answer);
    await stage.saver.copyThread(stage.thread, `${stage.thread} copied`);
    expect(await app.invoke(input, on("m2", `${stage.thread} copied`))).toEqual(answers[1]);
    expect(ran).toHaveLength(9);
    await stage.saver.deleteThread(stage.thread);
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
    await stage.saver.prune([stage.thread]);
    expect(await idsOf()).toHaveLength(2);
  });

  it("C-102 a run that was taken out of the thread has no outcome", async () => {
    const { ran, graphs } = replicas();
    const app = exclusive(graphs[0], { idempotencyKey });
    await app.invoke(input, on("m1"));
    await app.invoke({ input: "y" }, { ...on("m2"), metadata: { run_id: "r2" } });
    await stage.saver.deleteForRuns(["r2"]);
    expect((await app.invoke({ input: "y" }, on("m2"))).log).toHaveLength(6);
    expect((await app.invoke(input, on("m1"))).log).toHaveLength(3);
    expect(ran).toHaveLength(9);
  });

  it("C-101 a run without a key is a run like any other; a key that went missing on the way is an error", async () => {
    const { ran, graphs } = replicas();
    const app = exclusive(graphs[0], { idempotencyKey });
    const plain = { configurable: { thread_id: stage.thread } };
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
