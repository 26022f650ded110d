import { AIMessage, type BaseMessage, HumanMessage, RemoveMessage } from "@langchain/core/messages";
import {
  Annotation,
  DeltaChannel,
  END,
  interrupt,
  messagesDeltaReducer,
  Overwrite,
  REMOVE_ALL_MESSAGES,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { Gate } from "../../gate.js";
import { answerWith, type Durability, findState, type ScenarioRun } from "../../scenarios/scenario.js";
import { type NamedScenario, scenarioSuite } from "../../scenarios/scenario-suite.js";

type Messages = BaseMessage | BaseMessage[];

const State = Annotation.Root({
  input: Annotation<string>,
  messages: () => new DeltaChannel<BaseMessage[], Messages>(messagesDeltaReducer as never, { snapshotFrequency: 4 }),
  log: () => new DeltaChannel<string[], string[]>((all, more) => all.concat(...more)),
});

const says = (content: string, id: string): AIMessage => new AIMessage({ id, content });

const names = ["f", "b", "d", "a", "e", "c"] as const;
type Name = (typeof names)[number];
type Act = (name: Name, state: typeof State.State) => typeof State.Update | Promise<typeof State.Update>;

/** Six nodes at once, which end in another order than that of their names; then one that looks at what they did. */
function sixAtOnce(checkpointer: BaseCheckpointSaver, act: Act) {
  const gates = new Map<Name, Gate>(names.map((name) => [name, new Gate()]));
  let running = 0;
  const node = (name: Name) => async (state: typeof State.State) => {
    running += 1;
    const before = names[names.indexOf(name) - 1];
    // By then all have begun that run at all: where some are done already, none waits.
    await Promise.resolve();
    if (before !== undefined && running === names.length) await gates.get(before)?.pass();
    gates.get(name)?.open();
    return act(name, state);
  };
  return new StateGraph(State)
    .addNode("a", node("a"))
    .addNode("b", node("b"))
    .addNode("c", node("c"))
    .addNode("d", node("d"))
    .addNode("e", node("e"))
    .addNode("f", node("f"))
    .addNode("look", ({ messages, log }) => ({ log: [`${messages.map(({ id, content }) => `${id}=${content}`)} ${log.length}`] }))
    .addEdge(START, "a")
    .addEdge(START, "b")
    .addEdge(START, "c")
    .addEdge(START, "d")
    .addEdge(START, "e")
    .addEdge(START, "f")
    .addEdge(["a", "b", "c", "d", "e", "f"], "look")
    .addEdge("look", END)
    .compile({ checkpointer });
}

const turns = (act: Act, durability: Durability) => async (run: ScenarioRun) => {
  const graph = () => sixAtOnce(run.nextSaver(), act);
  for (const input of ["one", "two", "three"]) {
    const messages = [new HumanMessage({ id: input, content: input })];
    run.note(await graph().invoke({ input, messages }, { ...run.config, durability }));
  }
  return graph;
};

const sameId: Act = (name, { input }) => ({ messages: [says(name, "shared"), says(name, `${name} ${input}`)], log: [name] });
const removing: Act = (name, { input }) =>
  name === "c"
    ? { messages: [new RemoveMessage({ id: input })], log: ["removed"] }
    : { messages: says(name, input), log: [name] };
const removingAll: Act = (name, { input }) =>
  name === "d"
    ? { messages: [new RemoveMessage({ id: REMOVE_ALL_MESSAGES })] }
    : { messages: says(name, `${name} ${input}`), log: [name] };
const overwriting: Act = (name, { input }) =>
  name === "c"
    ? { messages: new Overwrite([says("only", "only")]), log: new Overwrite([`only ${input}`]) }
    : { messages: says(name, `${name} ${input}`), log: [name] };

/** Workers that are sent, and that all write a message with the same id. */
const sendingGraph = (checkpointer: BaseCheckpointSaver) =>
  new StateGraph(State)
    .addNode("split", () => ({ log: ["split"] }))
    .addNode("work", ({ item }: { item: string }) => ({ messages: [says(item, "shared"), says(item, item)], log: [item] }))
    .addEdge(START, "split")
    .addConditionalEdges("split", ({ input }) => [...input].map((item) => new Send("work", { item })), ["work"])
    .addEdge("work", END)
    .compile({ checkpointer });

const acts: Readonly<Record<string, Act>> = {
  "nodes at once that write one message": sameId,
  "nodes at once, one of which removes what the others write": removing,
  "nodes at once, one of which removes all": removingAll,
  "nodes at once, one of which overwrites": overwriting,
};

const byDurability: Record<string, NamedScenario> = {};
for (const durability of ["exit", "sync", "async"] as const) {
  for (const [what, act] of Object.entries(acts)) {
    byDurability[`${what}, durability "${durability}"`] = { feature: "taskPaths", scenario: turns(act, durability) };
  }
}

export const deltasAsInMemory = scenarioSuite("delta channels", {
  ...byDurability,
  "tasks that are sent and write one message": {
    feature: "taskPaths",
    scenario: async (run) => {
      const graph = () => sendingGraph(run.nextSaver());
      for (const input of ["cab", "xyzw"]) run.note(await graph().invoke({ input }, run.config));
      return graph;
    },
  },
  "a fork between writes of one message": {
    feature: "taskPaths",
    scenario: async (run) => {
      const graph = () => sixAtOnce(run.nextSaver(), removing);
      for (const input of ["one", "two"]) {
        run.note(await graph().invoke({ input, messages: [new HumanMessage({ id: input, content: input })] }, run.config));
      }
      const asked = await findState(graph(), run.thread, ({ next, values }) => next.length === 6 && values.input === "one");
      run.note(await graph().invoke(null, asked.config));
      const edited = await graph().updateState(asked.config, { messages: [says("by hand", "shared")], log: ["by hand"] }, "look");
      run.note(await graph().invoke({ input: "three" }, edited));
      return graph;
    },
  },
  "interrupts between writes of one message": {
    feature: "taskPaths",
    scenario: async (run) => {
      const act: Act = (name, { input }) => ({
        messages: says(name === "b" || name === "e" ? `${name} ${interrupt({ name })}` : name, input),
        log: [name],
      });
      const graph = () => sixAtOnce(run.nextSaver(), act);
      for (const input of ["one", "two"]) {
        run.note(await graph().invoke({ input, messages: [new HumanMessage({ id: input, content: input })] }, run.config));
        const { tasks } = await graph().getState(run.config);
        const ids = tasks.flatMap(({ interrupts }) => interrupts.map(({ id }) => String(id)));
        run.note(await graph().invoke(answerWith({ [String(ids[1])]: "second" }), run.config));
        run.note(await graph().invoke(answerWith({ [String(ids[0])]: "first" }), run.config));
      }
      return graph;
    },
  },
});
