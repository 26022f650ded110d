import type { RunnableConfig } from "@langchain/core/runnables";
import { Annotation, END, RunControl, START, StateGraph } from "@langchain/langgraph";
import { type BaseCheckpointSaver, InMemoryCache } from "@langchain/langgraph-checkpoint";
import { questionGraph } from "../../scenarios/question-graph.js";
import { answerWith, type Durability, outcome, type ScenarioRun } from "../../scenarios/scenario.js";
import { scenarioSuite } from "../../scenarios/scenario-suite.js";

const State = Annotation.Root({
  input: Annotation<string>,
  log: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
});

type Node = (state: typeof State.State, config: RunnableConfig) => Promise<typeof State.Update> | typeof State.Update;
type NodeOptions = NonNullable<Parameters<StateGraph<typeof State>["addNode"]>[2]>;

/** Three nodes in a row; what the middle one does, and how, is the scenario's. */
const inARow = (checkpointer: BaseCheckpointSaver, middle: Node, options: NodeOptions = {}, cache?: InMemoryCache) =>
  new StateGraph(State)
    .addNode("first", ({ input }) => ({ log: [`first ${input}`] }))
    .addNode("middle", middle, options)
    .addNode("last", ({ log }) => ({ log: [`last after ${log.length}`] }))
    .addEdge(START, "first")
    .addEdge("first", "middle")
    .addEdge("middle", "last")
    .addEdge("last", END)
    .compile({ checkpointer, ...(cache === undefined ? {} : { cache }) });

/** A node that waits for its graph's other branch, however long that is. */
const deferredGraph = (checkpointer: BaseCheckpointSaver) =>
  new StateGraph(State)
    .addNode("start", () => ({ log: ["start"] }))
    .addNode("short", () => ({ log: ["short"] }))
    .addNode("long", () => ({ log: ["long"] }))
    .addNode("longer", () => ({ log: ["longer"] }))
    .addNode("end", ({ log }) => ({ log: [`end after ${log.length}`] }), { defer: true })
    .addEdge(START, "start")
    .addEdge("start", "short")
    .addEdge("start", "long")
    .addEdge("long", "longer")
    .addEdge("short", "end")
    .addEdge("longer", "end")
    .addEdge("end", END)
    .compile({ checkpointer });

const never = ({ signal }: RunnableConfig): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("the node was ended")), { once: true }));

const withDurability = (durability: Durability) => async (run: ScenarioRun) => {
  const graph = () => questionGraph(run.nextSaver(), { depth: 1, asks: 1 });
  for (const question of ["one", "two"]) {
    run.note(await graph().invoke({ question }, { ...run.config, durability }));
    run.noteState(await graph().getState(run.config, { subgraphs: true }));
    run.note(await graph().invoke(answerWith(`yes to ${question}`), { ...run.config, durability }));
  }
  return graph;
};

export const runsAsInMemory = scenarioSuite("how runs go", {
  "a node whose result is cached": async (run) => {
    const cache = new InMemoryCache();
    let ran = 0;
    const graph = () =>
      inARow(
        run.nextSaver(),
        ({ input }) => {
          ran += 1;
          return { log: [`middle ${input}`] };
        },
        { cachePolicy: { keyFunc: (args) => JSON.stringify((args[0] as typeof State.State).input) } },
        cache,
      );
    for (const input of ["one", "two", "one"]) run.note(await graph().invoke({ input }, run.config));
    run.note(ran);
    return graph;
  },
  "a node that is deferred": async (run) => {
    const graph = () => deferredGraph(run.nextSaver());
    for (const input of ["one", "two"]) run.note(await graph().invoke({ input }, run.config));
    return graph;
  },
  "a node that succeeds when it is tried again": async (run) => {
    let tries = 0;
    const middle: Node = () => {
      tries += 1;
      if (tries % 3 !== 0) throw new Error(`try ${tries}`);
      return { log: [`succeeded at try ${tries}`] };
    };
    const graph = () =>
      inARow(run.nextSaver(), middle, { retryPolicy: { maxAttempts: 3, initialInterval: 1, jitter: false, logWarning: false } });
    for (const input of ["one", "two"]) run.note(await graph().invoke({ input }, run.config));
    return graph;
  },
  "a node that fails for good, until it is mended": async (run) => {
    let broken = true;
    const middle: Node = () => {
      if (broken) throw new RangeError("for good");
      return { log: ["mended"] };
    };
    const graph = () =>
      inARow(run.nextSaver(), middle, { retryPolicy: { maxAttempts: 2, initialInterval: 1, jitter: false, logWarning: false } });
    run.note(await outcome(graph().invoke({ input: "one" }, run.config)));
    run.noteState(await graph().getState(run.config));
    broken = false;
    run.note(await graph().invoke(null, run.config));
    return graph;
  },
  "a node that takes too long": async (run) => {
    let slow = true;
    const middle: Node = (_, config) => (slow ? never(config) : { log: ["in time"] });
    const graph = () => inARow(run.nextSaver(), middle, { timeout: slow ? 20 : 60_000 });
    run.note(await outcome(graph().invoke({ input: "one" }, run.config)));
    slow = false;
    run.note(await graph().invoke({ input: "two" }, run.config));
    return graph;
  },
  "a node whose failure is handled": async (run) => {
    const middle: Node = ({ input }) => {
      throw new TypeError(`cannot do ${input}`);
    };
    const graph = () =>
      inARow(run.nextSaver(), middle, {
        errorHandler: (_, { node, error }) => ({ log: [`${node} failed: ${error.message}`] }),
      });
    for (const input of ["one", "two"]) run.note(await graph().invoke({ input }, run.config));
    return graph;
  },
  'durability "exit"': withDurability("exit"),
  'durability "sync"': withDurability("sync"),
  'durability "async"': withDurability("async"),
  "a run that is aborted goes on": async (run) => {
    const stop = new AbortController();
    let aborts = true;
    const middle: Node = () => {
      if (aborts) stop.abort();
      return { log: ["middle"] };
    };
    const graph = () => inARow(run.nextSaver(), middle);
    run.note(await outcome(graph().invoke({ input: "one" }, { ...run.config, durability: "sync", signal: stop.signal })));
    aborts = false;
    run.note(await graph().invoke(null, run.config));
    run.note(await graph().invoke({ input: "two" }, run.config));
    return graph;
  },
  "a run that is drained goes on": async (run) => {
    const control = new RunControl();
    const middle: Node = () => {
      control.requestDrain("a deploy");
      return { log: ["middle"] };
    };
    const graph = () => inARow(run.nextSaver(), middle);
    run.note(await outcome(graph().invoke({ input: "one" }, { ...run.config, control })));
    run.noteState(await graph().getState(run.config));
    run.note(await graph().invoke(null, run.config));
    return graph;
  },
  "a run that comes to the limit of its steps goes on": async (run) => {
    const graph = () => inARow(run.nextSaver(), ({ input }) => ({ log: [`middle ${input}`] }));
    run.note(await outcome(graph().invoke({ input: "one" }, { ...run.config, recursionLimit: 2 })));
    run.noteState(await graph().getState(run.config));
    run.note(await graph().invoke(null, run.config));
    return graph;
  },
});
