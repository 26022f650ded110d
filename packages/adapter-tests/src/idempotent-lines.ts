import { exclusive } from "@holdfast/checkpoint-core";
import * as newest from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import * as oldest from "langgraph14";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LeaseTarget, LeasingSaver } from "./lease-target.js";
import type { TestStore } from "./target.js";

type LangGraph = typeof newest;

/** The two supported lines of LangGraph, in one process. */
const LINES = { "1.4": oldest as unknown as LangGraph, "1.7": newest } satisfies Record<string, LangGraph>;

/** Registers the tests of idempotent runs of graphs of each kind, on both lines of LangGraph. */
export function idempotentLineTests(target: LeaseTarget): void {
  let store: TestStore;
  let saver: LeasingSaver;
  let threads = 0;

  beforeAll(async () => {
    store = await target.openStore();
    saver = target.open(store.url);
  });
  afterAll(async () => {
    if (saver !== undefined) await target.close(saver);
    await store?.drop();
  });

  const idempotencyKey = "message_id";
  function newThread(): (message: string) => { configurable: { thread_id: string; message_id: string } } {
    threads += 1;
    const thread = `line ${threads}`;
    return (message) => ({ configurable: { thread_id: thread, message_id: message } });
  }
  const inOrder = { reducer: (all: string[], more: string[]) => all.concat(more), default: () => [] as string[] };

  /** Two tasks at once, of which one asks and the other does not; and a log of deltas. */
  function parallelGraph(
    { Annotation, DeltaChannel, interrupt, START, StateGraph }: LangGraph,
    checkpointer: BaseCheckpointSaver,
    ran: string[],
    readsDeltas = true,
  ) {
    const deltas = new DeltaChannel<string[], string[]>((all, more) => all.concat(...more), { snapshotFrequency: 3 });
    const State = Annotation.Root({
      input: Annotation<string>,
      hidden: Annotation<string>,
      log: Annotation<string[], string[]>(inOrder),
      deltas: () => deltas,
    });
    const Output = Annotation.Root({ log: State.spec.log, ...(readsDeltas && { deltas: State.spec.deltas }) });
    return new StateGraph({ stateSchema: State, output: Output } as never)
      .addNode(
        "quick" as never,
        (({ input }: { input: string }) => {
          ran.push("quick");
          return { log: [`quick ${input}`], deltas: [`quick ${input}`], hidden: "h" };
        }) as never,
      )
      .addNode(
        "asking" as never,
        (() => {
          const answers = `${interrupt("first?")} ${interrupt("second?")}`;
          ran.push("asking");
          return { log: [answers], deltas: [answers] };
        }) as never,
      )
      .addEdge(START, "quick" as never)
      .addEdge(START, "asking" as never)
      .compile({ checkpointer }) as unknown as ReturnType<typeof newest.StateGraph.prototype.compile>;
  }

  function twoSteps({ Annotation, START, StateGraph }: LangGraph, ran: string[]) {
    return new StateGraph(Annotation.Root({ log: Annotation<string[], string[]>(inOrder) }))
      .addNode("one", () => {
        ran.push("one");
        return { log: ["one"] };
      })
      .addNode("two", () => {
        ran.push("two");
        return { log: ["two"] };
      })
      .addEdge(START, "one")
      .addEdge("one", "two");
  }

  describe.each(["sync", "async", "exit"] as const)("durability %s", (durability) => {
    for (const [line, langgraph] of Object.entries(LINES)) {
      it(`C-100 tasks beside a question, an output schema and delta channels are repeated as they were (LangGraph ${line})`, async () => {
        const on = newThread();
        const ran: string[] = [];
        // With "exit", LangGraph 1.4 itself reads deltas twice that were written beside a question (with MemorySaver it does not come to an end).
        const readsDeltas = line !== "1.4" || durability !== "exit";
        const app = exclusive(parallelGraph(langgraph, saver, ran, readsDeltas), { idempotencyKey });
        const steps: [string, unknown][] = [
          ["m1", { input: "x" }],
          ["a1", new langgraph.Command({ resume: "one" })],
          ["a2", new langgraph.Command({ resume: "two" })],
          ["m2", { input: "y" }],
        ];
        const seen: unknown[] = [];
        for (const [message, input] of steps) {
          const given = await app.invoke(input as never, { ...on(message), durability });
          seen.push(given);
          expect(await app.invoke(input as never, { ...on(message), durability }), message).toEqual(given);
        }
        expect(seen[0]).toMatchObject({ log: ["quick x"], __interrupt__: [{ value: "first?" }] });
        expect(seen[2]).toMatchObject({ log: expect.arrayContaining(["quick x", "one two"]) });
        for (const each of seen) expect(each).not.toHaveProperty("hidden");
        const known = ran.length;
        for (const [n, [message, input]] of steps.entries()) {
          expect(await app.invoke(input as never, { ...on(message), durability }), `${message} again`).toEqual(seen[n]);
        }
        expect(ran).toHaveLength(known);
      });
    }
  });

  for (const [line, langgraph] of Object.entries(LINES)) {
    it(`C-100 a run that stopped at a breakpoint is repeated, and not carried over it (LangGraph ${line})`, async () => {
      const ran: string[] = [];
      const graph = twoSteps(langgraph, ran).compile({ checkpointer: saver, interruptBefore: ["two"] });
      const app = exclusive(graph, { idempotencyKey });
      const on = newThread();
      const first = await app.invoke({ log: ["x"] }, on("m1"));
      expect(await app.invoke({ log: ["x"] }, on("m1"))).toEqual(first);
      expect(ran).toEqual(["one"]);
      const second = await app.invoke(null, on("m2"));
      expect(second.log).toEqual(["x", "one", "two"]);
      expect(await app.invoke(null, on("m2"))).toEqual(second);
      expect(await app.invoke({ log: ["x"] }, on("m1"))).toEqual(first);
      expect(ran).toEqual(["one", "two"]);
    });

    for (const breakpoint of [{ interruptBefore: ["two"] }, { interruptAfter: ["one"] }] as const) {
      it(`C-100 so is one whose process ended there (LangGraph ${line}, ${Object.keys(breakpoint)})`, async () => {
        const ran: string[] = [];
        const on = newThread();
        const ending = target.open(store.url);
        const graphs = [ending, saver].map((checkpointer) =>
          twoSteps(langgraph, ran).compile({ checkpointer, interruptBefore: [], ...(breakpoint as object) }),
        );
        const [app, elsewhere] = graphs.map((graph) => exclusive(graph, { idempotencyKey }));
        // Its lease is handed over, and notes nothing.
        const end = {
          awaitHandlers: true,
          handleChainEnd: (_: unknown, __: string, parent?: string) => (parent === undefined ? ending.end() : undefined),
        };
        const first = app?.invoke({ log: ["x"] }, { ...on("m1"), callbacks: [end as never] });
        await Promise.allSettled([first]);
        expect(await elsewhere?.invoke({ log: ["x"] }, on("m1"))).toEqual({ log: ["x", "one"], __interrupt__: [] });
        expect(ran).toEqual(["one"]);
        expect(await elsewhere?.invoke(null, on("m2"))).toMatchObject({ log: ["x", "one", "two"] });
        await target.close(ending);
      });
    }

    it(`C-100 an entrypoint's value is repeated (LangGraph ${line})`, async () => {
      const { entrypoint, task } = langgraph;
      let ran = 0;
      const count = task("count", (text: string) => {
        ran += 1;
        return text.length;
      });
      const flow = entrypoint({ name: "flow", checkpointer: saver }, (text: string) =>
        count(text).then((length) => ({ length })),
      );
      const app = exclusive(flow as never as Parameters<typeof exclusive>[0], { idempotencyKey }) as unknown as typeof flow;
      const on = newThread();
      for (let n = 0; n < 3; n += 1) expect(await app.invoke("four", on("m1"))).toEqual({ length: 4 });
      expect(await app.invoke("seven", on("m2"))).toEqual({ length: 5 });
      expect(await app.invoke("four", on("m1"))).toEqual({ length: 4 });
      expect(ran).toBe(2);
    });
  }

  it("C-100 what one line of LangGraph has answered, the other repeats", async () => {
    const ran: string[] = [];
    const [old, young] = Object.values(LINES).map((langgraph) =>
      exclusive(parallelGraph(langgraph, saver, ran), { idempotencyKey }),
    );
    const on = newThread();
    const first = await old?.invoke({ input: "x" } as never, on("m1"));
    expect(await young?.invoke({ input: "x" } as never, on("m1"))).toEqual(first);
    const second = await young?.invoke(new newest.Command({ resume: "one" }) as never, on("a1"));
    expect(await old?.invoke(new LINES["1.4"].Command({ resume: "one" }) as never, on("a1"))).toEqual(second);
    expect(ran).toEqual(["quick"]);
  });
}
