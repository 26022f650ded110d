import { Annotation, Command, END, interrupt, START, StateGraph, type StateSnapshot } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { answerWith, outcome, type ScenarioRun } from "../../scenarios/scenario.js";
import { scenarioSuite } from "../../scenarios/scenario-suite.js";

const State = Annotation.Root({
  question: Annotation<string>,
  answers: Annotation<unknown[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
});

const names = ["alpha", "beta", "delta", "epsilon", "gamma"] as const;

/** Five nodes that ask at once, each so many questions one after the other. */
const askingGraph = (checkpointer: BaseCheckpointSaver, questions = 1) => {
  const graph = new StateGraph(State).addNode("done", ({ answers }) => ({ question: `${answers.length} answers` }));
  const ask = (name: string) => () => {
    const answers: unknown[] = [];
    for (let n = 0; n < questions; n += 1) answers.push(interrupt({ name, n }));
    return { answers: [{ name, answers }] };
  };
  return graph
    .addNode("alpha", ask("alpha"))
    .addNode("beta", ask("beta"))
    .addNode("delta", ask("delta"))
    .addNode("epsilon", ask("epsilon"))
    .addNode("gamma", ask("gamma"))
    .addEdge(START, "gamma")
    .addEdge(START, "epsilon")
    .addEdge(START, "delta")
    .addEdge(START, "beta")
    .addEdge(START, "alpha")
    .addEdge([...names], "done")
    .addEdge("done", END)
    .compile({ checkpointer });
};

/** A node that asks twice, then one that sees the answers. */
const twiceGraph = (checkpointer: BaseCheckpointSaver, options?: Parameters<typeof interrupt>[1]) =>
  new StateGraph(State)
    .addNode("ask", ({ question }) => ({ answers: [[interrupt({ question }, options), interrupt("and then?", options)]] }))
    .addNode("see", ({ answers }) => ({ answers: [`seen ${JSON.stringify(answers)}`] }))
    .addEdge(START, "ask")
    .addEdge("ask", "see")
    .addEdge("see", END)
    .compile({ checkpointer });

const idsByName = ({ tasks }: StateSnapshot): Map<string, string> =>
  new Map(tasks.flatMap(({ interrupts }) => interrupts).map(({ id, value }) => [(value as { name: string }).name, id ?? "none"]));

const answerTo = (state: StateSnapshot, answers: Readonly<Record<string, unknown>>) => {
  const ids = idsByName(state);
  return answerWith(Object.fromEntries(Object.entries(answers).map(([name, answer]) => [ids.get(name), answer])));
};

const falsy = (answer: unknown) => async (run: ScenarioRun) => {
  const graph = () => twiceGraph(run.nextSaver());
  run.note(await graph().invoke({ question: "one?" }, run.config));
  for (let n = 0; n < 2; n += 1) {
    run.note(await outcome(graph().invoke(answerWith(answer), run.config)));
    run.noteState(await graph().getState(run.config));
  }
  return graph;
};

export const interruptsAsInMemory = scenarioSuite("interrupts", {
  "five interrupts at once, answered by one map": async (run) => {
    const graph = () => askingGraph(run.nextSaver());
    run.note(await graph().invoke({ question: "?" }, run.config));
    const state = await graph().getState(run.config);
    run.noteState(state);
    run.note(await graph().invoke(answerTo(state, { gamma: 3, alpha: 1, epsilon: 5, beta: 2, delta: 4 }), run.config));
    return graph;
  },
  "five interrupts at once, answered by several maps": async (run) => {
    const graph = () => askingGraph(run.nextSaver());
    run.note(await graph().invoke({ question: "?" }, run.config));
    for (const answers of [{ delta: "d" }, { gamma: "g", alpha: "a" }, { epsilon: "e", beta: "b" }]) {
      const state = await graph().getState(run.config);
      run.noteState(state);
      run.note(await graph().invoke(null, run.config));
      run.note(await graph().invoke(answerTo(state, answers), run.config));
    }
    return graph;
  },
  "five nodes that ask twice, answered by maps": async (run) => {
    const graph = () => askingGraph(run.nextSaver(), 2);
    run.note(await graph().invoke({ question: "?" }, run.config));
    for (let round = 0; round < 2; round += 1) {
      const state = await graph().getState(run.config);
      run.noteState(state);
      const answers = Object.fromEntries(names.map((name) => [name, `${name} ${round}`]));
      run.note(await graph().invoke(answerTo(state, answers), run.config));
    }
    return graph;
  },
  "falsy answers in one map": async (run) => {
    const graph = () => askingGraph(run.nextSaver());
    run.note(await graph().invoke({ question: "?" }, run.config));
    const state = await graph().getState(run.config);
    run.note(
      await outcome(graph().invoke(answerTo(state, { alpha: 0, beta: "", delta: false, epsilon: null, gamma: [] }), run.config)),
    );
    return graph;
  },
  "the answer 0": falsy(0),
  'the answer ""': falsy(""),
  "the answer false": falsy(false),
  "the answer null": falsy(null),
  "an answer with an update and a place to go": async (run) => {
    const graph = () => twiceGraph(run.nextSaver());
    run.note(await graph().invoke({ question: "one?" }, run.config));
    run.note(await graph().invoke(new Command({ resume: "yes", update: { answers: ["from outside"] } }), run.config));
    run.note(await graph().invoke(new Command({ resume: "and yes" }), run.config));
    run.note(await graph().invoke({ question: "two?" }, run.config));
    run.note(await graph().invoke(new Command({ goto: "see", update: { question: "skipped" } }), run.config));
    return graph;
  },
  "an answer to an interrupt that there is not": async (run) => {
    const graph = () => askingGraph(run.nextSaver());
    run.note(await graph().invoke({ question: "?" }, run.config));
    run.note(await outcome(graph().invoke(answerWith({ "0123456789abcdef0123456789abcdef": "nobody" }), run.config)));
    run.noteState(await graph().getState(run.config));
    return graph;
  },
  "an answer that its schema describes": {
    feature: "responseSchema",
    scenario: async (run) => {
      const responseSchema = { type: "object", properties: { approve: { type: "boolean" } }, required: ["approve"] } as const;
      const graph = () => twiceGraph(run.nextSaver(), { responseSchema });
      run.note(await graph().invoke({ question: "may I?" }, run.config));
      run.noteState(await graph().getState(run.config));
      run.note(await graph().invoke(answerWith({ approve: true }), run.config));
      run.note(await graph().invoke(answerWith({ approve: false }), run.config));
      return graph;
    },
  },
  "breakpoints before and after nodes": async (run) => {
    const graph = () => twiceGraph(run.nextSaver());
    run.note(await graph().invoke({ question: "one?" }, { ...run.config, interruptBefore: ["ask"] }));
    run.noteState(await graph().getState(run.config));
    run.note(await graph().invoke(null, run.config));
    run.note(await graph().invoke(answerWith("yes"), { ...run.config, interruptAfter: ["ask"] }));
    run.note(await graph().invoke(answerWith("yes"), { ...run.config, interruptAfter: ["ask"] }));
    run.noteState(await graph().getState(run.config));
    run.note(await graph().invoke(null, { ...run.config, interruptBefore: ["see"] }));
    return graph;
  },
});
