import { randomUUID } from "node:crypto";
import * as newest from "@langchain/langgraph";
import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph-checkpoint";
import * as oldest from "langgraph14";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdapterTarget, TestedSaver, TestStore } from "./target.js";

type LangGraph = typeof newest;
type Config = { configurable: { thread_id: string }; durability: "sync" | "async" | "exit" };

/** The two supported lines of LangGraph, in one process. */
const LINES = { "1.4": oldest as unknown as LangGraph, "1.7": newest } satisfies Record<string, LangGraph>;
type Line = keyof typeof LINES;

/** A worker of one line: it counts its input, asks two questions when told to, and keeps a log as values and as deltas. */
function graphOf(line: Line, checkpointer: BaseCheckpointSaver) {
  const { Annotation, DeltaChannel, interrupt, START, StateGraph } = LINES[line];
  const State = Annotation.Root({
    input: Annotation<string>,
    log: Annotation<string[], string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
    deltas: () => new DeltaChannel<string[], string[]>((all, more) => all.concat(...more), { snapshotFrequency: 3 }),
  });
  return new StateGraph(State)
    .addNode("hear", ({ input }) => ({ log: [input], deltas: [input] }))
    .addNode("answer", ({ input, log }) => {
      const said = input === "ask" ? `${interrupt("first?")} ${interrupt("second?")}` : `${log.length}`;
      return { log: [said], deltas: [said] };
    })
    .addEdge(START, "hear")
    .addEdge("hear", "answer")
    .compile({ checkpointer });
}

async function idsOfQuestions(graph: ReturnType<typeof graphOf>, config: Config): Promise<string[]> {
  const { tasks } = await graph.getState(config);
  return tasks.flatMap(({ interrupts }) => interrupts.flat()).map(({ id }) => id ?? "");
}

/** Registers the tests of threads that workers on two lines of LangGraph write, as during a rolling deploy and after a rollback. */
export function langgraphLineTests(target: AdapterTarget): void {
  let store: TestStore;
  let saver: TestedSaver;

  beforeAll(async () => {
    store = await target.openStore();
    saver = target.open(store.url);
  });
  afterAll(async () => {
    if (saver !== undefined) await target.close(saver);
    await store?.drop();
  });

  /** Plays on our saver and on one in memory, and expects the same. */
  async function asInMemory(
    play: (saver: BaseCheckpointSaver, config: Config) => Promise<unknown>,
    durability: Config["durability"],
  ) {
    const played = [new MemorySaver(), saver].map((each) =>
      play(each, { configurable: { thread_id: randomUUID() }, durability }),
    );
    const [expected, ours] = await Promise.all(played);
    expect(ours).toEqual(expected);
    return ours;
  }

  describe.each(["sync", "async", "exit"] as const)("durability %s", (durability) => {
    it("C-32 C-44 workers of both lines take turns on a thread: as in memory", async () => {
      await asInMemory(async (each, config) => {
        const seen: unknown[] = [];
        for (const [n, line] of (["1.4", "1.7", "1.7", "1.4", "1.4", "1.7", "1.4", "1.7"] as const).entries()) {
          await graphOf(line, each).invoke({ input: `${n}` }, config);
          for (const reader of ["1.4", "1.7"] as const) seen.push((await graphOf(reader, each).getState(config)).values);
        }
        return seen;
      }, durability);
    });

    it("C-41 a question of 1.4 is answered on 1.7 by its id", async () => {
      const log = await asInMemory(async (each, config) => {
        await graphOf("1.4", each).invoke({ input: "ask" }, config);
        for (const answer of ["one", "two"]) {
          const [id = ""] = await idsOfQuestions(graphOf("1.7", each), config);
          await graphOf("1.7", each).invoke(new newest.Command({ resume: { [id]: answer } }), config);
        }
        return (await graphOf("1.7", each).getState(config)).values.log;
      }, durability);
      expect(log).toEqual(["ask", "one two"]);
    });

    it("C-41 a second question of 1.7 is answered on 1.4 without its id", async () => {
      const log = await asInMemory(async (each, config) => {
        await graphOf("1.7", each).invoke({ input: "ask" }, config);
        await graphOf("1.7", each).invoke(new newest.Command({ resume: "one" }), config);
        await graphOf("1.4", each).invoke(new LINES["1.4"].Command({ resume: "two" }), config);
        return (await graphOf("1.4", each).getState(config)).values.log;
      }, durability);
      expect(log).toEqual(["ask", "one two"]);
    });
  });

  it.each([
    { first: "by its id", log: ["ask"], asked: ["second?"] },
    { first: "without its id", log: ["ask", "one one"], asked: [] },
  ])(
    "C-41 upstream: 1.4 loses the answer to a second question of 1.7 by its id, when the first was answered $first",
    async ({ first, ...expected }) => {
      const play = async (each: BaseCheckpointSaver, config: Config): Promise<unknown> => {
        const firstGraph = graphOf("1.7", each);
        await firstGraph.invoke({ input: "ask" }, config);
        const [firstId = ""] = await idsOfQuestions(firstGraph, config);
        await firstGraph.invoke(new newest.Command({ resume: first === "by its id" ? { [firstId]: "one" } : "one" }), config);
        const [id = ""] = await idsOfQuestions(firstGraph, config);

        const [task] = (await graphOf("1.4", each).getState(config)).tasks;
        expect(task?.interrupts).toEqual([[{ id, value: "second?" }]]);
        await graphOf("1.4", each).invoke(new LINES["1.4"].Command({ resume: { [id]: "two" } }), config);
        const { values, tasks } = await graphOf("1.4", each).getState(config);
        const asked = tasks.flatMap(({ interrupts }) => interrupts.flat()).map(({ value }) => value);
        return { log: values.log, asked };
      };
      expect(await asInMemory(play, "sync")).toEqual(expected);
    },
  );
}
