import { exclusive, ThreadBusyError } from "@holdfast/checkpoint-core";
import { gate } from "@holdfast/test-servers";
import { Command } from "@langchain/langgraph";
import { expect, it } from "vitest";
import { failureOf } from "./failure.js";
import { IdempotentStage } from "./idempotent-stage.js";
import type { LeaseTarget } from "./lease-target.js";
import { nestedQuestionGraph, questionGraph, twofoldQuestionGraph } from "./question-graph.js";
import { nestedStepGraph, stepGraph } from "./step-graph.js";

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Registers the tests of what a message that comes again is answered, with two savers on one store. */
export function idempotentRunTests(target: LeaseTarget): void {
  const stage = new IdempotentStage(target);
  const { on, idsOf, replicas } = stage;
  const input = { input: "x" };
  const idempotencyKey = "message_id";

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
      const id = `${stage.thread} ${whenBusy}`;
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

  for (const whenBusy of ["wait", "reject", "interrupt", "rollback"] as const) {
    it(`C-100 many at once are answered once (${whenBusy})`, async () => {
      const { ran, graphs } = replicas();
      const apps = graphs.map((graph) => exclusive(graph, { idempotencyKey, whenBusy }));
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => apps[n % 2]?.invoke(input, on("m1"))));
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      expect(ran).toEqual(["one", "two", "three"]);
    });
  }

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
      await app.withConfig({ configurable: { message_id: "m1" } }).invoke(input, { configurable: { thread_id: stage.thread } }),
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
      const [app, elsewhere] = [stage.saver, stage.other].map((each) =>
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
}
