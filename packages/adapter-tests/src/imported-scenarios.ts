import { assertAsInMemory, defineSuite, type Scenario, type ScenarioRun } from "@holdfast/checkpoint-conformance/runner";
import { importThreads } from "@holdfast/checkpoint-core";
import { Annotation, DeltaChannel, Overwrite, START, StateGraph } from "@langchain/langgraph";
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

type SaverOfTurn = () => BaseCheckpointSaver;

const turns = async (run: ScenarioRun, saver: SaverOfTurn, inputs: readonly string[]): Promise<void> => {
  for (const input of inputs) run.note(await sixAtOnce(saver()).invoke({ input }, run.config));
};

const stayed: Scenario = async (run) => {
  await turns(run, run.nextSaver, ["one", "reset", "two"]);
  run.nextSaver();
  run.noteState(await sixAtOnce(run.nextSaver()).getState(run.config));
  await turns(run, run.nextSaver, ["three"]);
  return sixAtOnce(run.nextSaver());
};

const moved: Scenario = async (run) => {
  const source = new MemorySaver();
  await turns(run, () => source, ["one", "reset", "two"]);
  await importThreads(source, run.nextSaver(), { threads: [run.thread] });
  run.noteState(await sixAtOnce(run.nextSaver()).getState(run.config));
  await turns(run, run.nextSaver, ["three"]);
  return sixAtOnce(run.nextSaver());
};

/** A thread that came from another saver, compared with one that stayed where it was. */
export const importedThreads = defineSuite("as in memory: imported threads", (it) => {
  it(
    "C-15 C-110 a thread whose nodes write one delta channel at once goes on where it was imported",
    { feature: "taskPaths" },
    (context) => assertAsInMemory(context, moved, { inMemory: stayed }),
  );
});
