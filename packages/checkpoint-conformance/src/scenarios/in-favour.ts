import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import type { Capability } from "../target.js";
import { deltaGraph } from "./delta-graph.js";
import { questionGraph } from "./question-graph.js";
import type { Difference } from "./record-differences.js";
import type { Scenario } from "./scenario.js";

/** A difference from `MemorySaver` that is none to a saver's disadvantage. */
export interface DifferenceInFavour {
  readonly name: string;
  readonly reason: string;
  /** Only savers that declare this capability are excused. */
  readonly capability: Capability;
  covers(difference: Difference): boolean;
  /** A program that shows it, and nothing else that is excused. */
  readonly shownBy: Scenario;
}

const notes = Annotation.Root({ at: Annotation<unknown>, seen: Annotation<string[]> });

const datedGraph = (checkpointer: Parameters<typeof deltaGraph>[0]) =>
  new StateGraph(notes)
    .addNode("date", () => ({ at: { from: new Date(0), all: [new Date(1)], none: new Date(Number.NaN) } }))
    .addEdge(START, "date")
    .addEdge("date", END)
    .compile({ checkpointer });

const keys = (path: string): readonly string[] => path.split(/[.[\]]+/);

/** All that is excused. A saver that has the capability and no longer shows the difference fails the case that looks for it. */
export const inFavour: readonly DifferenceInFavour[] = [
  {
    name: "a Date stays a Date",
    reason: "MemorySaver's serializer turns it into a string",
    capability: "losslessValues",
    covers: ({ actual, expected }) => {
      const date = typeof actual === "object" && actual !== null ? Reflect.get(actual, "<Date>") : undefined;
      return date !== undefined && (date === expected || (date === "invalid" && expected === null));
    },
    shownBy: async (run) => {
      run.note(await datedGraph(run.nextSaver()).invoke({}, run.config));
      return datedGraph(run.nextSaver());
    },
  },
  {
    name: "defaults of channels that were never written are not stored",
    reason: "LangGraph makes them anew; a graph with another default shows its own",
    capability: "incrementalChannels",
    covers: ({ path, actual }) => actual === undefined && keys(path).includes("neverWritten"),
    shownBy: async (run) => {
      run.note(await datedGraph(run.nextSaver()).invoke({}, run.config));
      return datedGraph(run.nextSaver());
    },
  },
  {
    name: "the snapshot of a delta channel carries over",
    reason: "what is rebuilt from it is the same, from fewer checkpoints",
    capability: "incrementalChannels",
    covers: ({ path, expected }) => expected === undefined && keys(path).includes("snapshots"),
    shownBy: async (run) => {
      for (const input of ["one", "two", "three"]) run.note(await deltaGraph(run.nextSaver()).invoke({ input }, run.config));
      return deltaGraph(run.nextSaver());
    },
  },
  {
    name: "a tuple names its own checkpoint, and nothing of the config that asked for it",
    reason: "MemorySaver hands the caller's config back, with the map of the checkpoints around it",
    capability: "exactConfig",
    covers: ({ path, actual }) => actual === undefined && path === "getTuple.place.map",
    shownBy: async (run) => {
      const graph = () => questionGraph(run.nextSaver(), { depth: 1, asks: 1 });
      run.note(await graph().invoke({ question: "one" }, run.config));
      const { tasks } = await graph().getState(run.config, { subgraphs: true });
      const inner = tasks[0]?.state;
      if (inner !== undefined && "values" in inner) run.noteState(await graph().getState(inner.config));
      return graph();
    },
  },
];
