import {
  answerWith,
  assertAsInMemory,
  type CaseContext,
  defineSuite,
  type Scenario,
  type ScenarioRun,
  type StatefulGraph,
} from "@holdfast/checkpoint-conformance/runner";
import { importThreads } from "@holdfast/checkpoint-core";
import { Annotation, DeltaChannel, interrupt, Overwrite, START, StateGraph } from "@langchain/langgraph";
import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph-checkpoint";

const State = Annotation.Root({
  input: Annotation<string>,
  log: () => new DeltaChannel<string[], string[]>((all, more) => all.concat(...more)),
});

/** Six nodes at once: the order of what they write is that of LangGraph. */
const sixAtOnce = (checkpointer: BaseCheckpointSaver) => {
  const write = (name: string) => (state: typeof State.State) => ({
    log: state.input === "reset" && name === "c" ? new Overwrite(["reset"]) : [`${name} ${state.input}`],
  });
  return new StateGraph(State)
    .addNode("a", write("a"))
    .addNode("b", write("b"))
    .addNode("c", write("c"))
    .addNode("d", write("d"))
    .addNode("e", write("e"))
    .addNode("f", write("f"))
    .addEdge(START, "a")
    .addEdge(START, "b")
    .addEdge(START, "c")
    .addEdge(START, "d")
    .addEdge(START, "e")
    .addEdge(START, "f")
    .compile({ checkpointer });
};

/** A graph that asks once in every turn. */
const asking = (checkpointer: BaseCheckpointSaver) =>
  new StateGraph(Annotation.Root({ input: Annotation<string>, answer: Annotation<string> }))
    .addNode("ask", ({ input }) => ({ answer: `${input}: ${interrupt({ about: input })}` }))
    .addEdge(START, "ask")
    .compile({ checkpointer });

type Call = (run: ScenarioRun, saver: BaseCheckpointSaver) => Promise<void>;

const six =
  (input: string): Call =>
  async (run, saver) =>
    run.note(await sixAtOnce(saver).invoke({ input }, run.config));

const ask =
  (input: { input: string } | ReturnType<typeof answerWith>): Call =>
  async (run, saver) =>
    run.note(await asking(saver).invoke(input, run.config));

interface Journey {
  readonly graph: (saver: BaseCheckpointSaver) => StatefulGraph;
  /** What is done before the thread is imported, and after. */
  readonly before: readonly Call[];
  readonly after: readonly Call[];
}

/** Goes on with the thread on other savers, to which `move` has brought it. */
const journey =
  (
    { graph, before, after }: Journey,
    move: (run: ScenarioRun) => { saver(): BaseCheckpointSaver; end(): Promise<void> },
  ): Scenario =>
  async (run) => {
    const { saver, end } = move(run);
    for (const call of before) await call(run, saver());
    await end();
    run.noteState(await graph(run.nextSaver()).getState(run.config));
    for (const call of after) await call(run, run.nextSaver());
    return graph(run.nextSaver());
  };

const imported = (run: ScenarioRun) => {
  const source = new MemorySaver();
  return {
    saver: () => source,
    end: async () => void (await importThreads(source, run.nextSaver(), { threads: [run.thread] })),
  };
};

const stayed = (run: ScenarioRun) => ({ saver: () => run.nextSaver(), end: async () => undefined });

const assertAsIfItHadStayed = (context: CaseContext, of: Journey): Promise<void> =>
  assertAsInMemory(context, journey(of, imported), { inMemory: journey(of, stayed) });

/** A thread that came from another saver, compared with one that stayed where it was. */
export const importedThreads = defineSuite("as in memory: imported threads", (it) => {
  it(
    "C-15 C-110 a thread whose nodes write one delta channel at once goes on where it was imported",
    {
      feature: "taskPaths",
    },
    (context) =>
      assertAsIfItHadStayed(context, {
        graph: sixAtOnce,
        before: [six("one"), six("reset"), six("two")],
        after: [six("three")],
      }),
  );

  it("C-15 C-110 a thread that waits for a human goes on where it was imported", (context) =>
    assertAsIfItHadStayed(context, {
      graph: asking,
      before: [ask({ input: "one" }), ask(answerWith("yes")), ask({ input: "two" })],
      after: [ask(answerWith("no")), ask({ input: "three" })],
    }));
});
