import { Annotation, Command, END, interrupt, Send, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { Gate } from "../../gate.js";
import { asking, commandGraph, fanOutGraph } from "../../scenarios/fan-out-graph.js";
import { answerWith, outcome } from "../../scenarios/scenario.js";
import { scenarioSuite } from "../../scenarios/scenario-suite.js";

const State = Annotation.Root({
  items: Annotation<string[]>,
  log: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
});

type Item = { readonly item: string; readonly place: number; readonly of: number };

const sends = (node: string, items: readonly string[]): Send[] =>
  items.map((item, place) => new Send(node, { item, place, of: items.length }));

/** Workers that end in the reverse of the order in which they were sent. */
function reversedGraph(checkpointer: BaseCheckpointSaver) {
  const gates = new Map<number, Gate>();
  const gate = (place: number): Gate => {
    const found = gates.get(place) ?? new Gate();
    gates.set(place, found);
    return found;
  };
  return new StateGraph(State)
    .addNode("split", () => ({ log: ["split"] }))
    .addNode("work", async ({ item, place, of }: Item) => {
      if (place + 1 < of) await gate(place + 1).pass();
      gate(place).open();
      return { log: [`${place}: ${item}`] };
    })
    .addEdge(START, "split")
    .addConditionalEdges("split", ({ items }) => sends("work", items), ["work"])
    .addEdge("work", END)
    .compile({ checkpointer });
}

/** Each item is sent on to a subgraph, which sends its letters to workers of its own. */
function nestedGraph(checkpointer: BaseCheckpointSaver, asks: boolean) {
  const Letters = Annotation.Root({
    item: Annotation<string>,
    log: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
  });
  const inner = new StateGraph(Letters)
    .addNode("letter", ({ letter }: { letter: string }) => ({ log: [asks ? `${letter} ${interrupt({ letter })}` : letter] }))
    .addNode("join", ({ item }) => ({ log: [`end of ${item}`] }))
    .addConditionalEdges(START, ({ item }) => [...item].map((letter) => new Send("letter", { letter })), ["letter"])
    .addEdge("letter", "join")
    .addEdge("join", END)
    .compile();
  return new StateGraph(State)
    .addNode("split", () => ({}))
    .addNode("spell", inner)
    .addEdge(START, "split")
    .addConditionalEdges("split", ({ items }) => sends("spell", items), ["spell"])
    .addEdge("spell", END)
    .compile({ checkpointer });
}

export const sendsAsInMemory = scenarioSuite("tasks that are sent, and commands", {
  "tasks that end in another order than they were sent": async (run) => {
    const graph = () => reversedGraph(run.nextSaver());
    for (const items of [["a", "b", "c", "d", "e"], ["x"], ["y", "z"]]) run.note(await graph().invoke({ items }, run.config));
    return graph;
  },
  "one task of several fails, and only it runs again": async (run) => {
    let broken = true;
    const ran: string[] = [];
    const graph = () =>
      fanOutGraph(run.nextSaver(), (item) => {
        if (broken && item === "b") throw new RangeError("not today");
        ran.push(item);
        return item.toUpperCase();
      });
    run.note(await outcome(graph().invoke({ items: ["a", "b", "c"] }, run.config)));
    run.noteState(await graph().getState(run.config));
    broken = false;
    run.note(await graph().invoke(null, run.config));
    run.note(ran.sort());
    return graph;
  },
  "tasks that ask while others are done": async (run) => {
    const graph = () => fanOutGraph(run.nextSaver(), (item) => (item.startsWith("?") ? asking(item) : `did ${item}`));
    run.note(await graph().invoke({ items: ["a", "?b", "c", "?d"] }, run.config));
    const { tasks } = await graph().getState(run.config);
    const ids = tasks.flatMap(({ interrupts }) => interrupts.map(({ id }) => id));
    run.note(await graph().invoke(answerWith({ [String(ids[1])]: "second" }), run.config));
    run.note(await graph().invoke(answerWith({ [String(ids[0])]: "first" }), run.config));
    return graph;
  },
  "tasks that send tasks in a subgraph": async (run) => {
    const graph = () => nestedGraph(run.nextSaver(), false);
    for (const items of [["ab", "c"], ["xyz"]]) run.note(await graph().invoke({ items }, run.config));
    return graph;
  },
  "tasks of subgraphs that ask at once": {
    racing: true,
    scenario: async (run) => {
      const graph = () => nestedGraph(run.nextSaver(), true);
      run.note(await graph().invoke({ items: ["ab", "c"] }, run.config));
      const state = await graph().getState(run.config, { subgraphs: true });
      run.noteState(state);
      const ids = state.tasks.flatMap(({ interrupts }) => interrupts.map(({ id }) => id));
      run.note(
        await outcome(
          graph().invoke(answerWith(Object.fromEntries(ids.map((id, n) => [String(id), `answer ${n}`]))), run.config),
        ),
      );
      return graph;
    },
  },
  "a subgraph that leaves by a command to its parent": async (run) => {
    const graph = () => commandGraph(run.nextSaver());
    run.note(await graph().invoke({ note: "begin" }, run.config));
    run.note(await graph().invoke({ note: "again" }, { ...run.config, durability: "sync" }));
    run.note(await graph().invoke(new Command({ goto: [new Send("third", { note: "by hand" }), "last"] }), run.config));
    return graph;
  },
});
