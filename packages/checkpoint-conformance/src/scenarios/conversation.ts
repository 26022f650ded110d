import type { StateSnapshot } from "@langchain/langgraph";
import { type QuestionGraph, type QuestionOptions, questionGraph } from "./question-graph.js";
import { answerWith, type Durability, findState, type ScenarioRun } from "./scenario.js";

type Place = StateSnapshot["config"];

/** Steps of a program that talks to the question graph. Each step uses the next saver, and keeps what the graph answered. */
export interface Conversation {
  /** The graph on the next saver. */
  graph(): QuestionGraph;
  /** A new turn, after the latest checkpoint or after the one at `from`. */
  ask(question: string, from?: Place): Promise<void>;
  /** Goes on without input. */
  goOn(from?: Place): Promise<void>;
  /** Answers an interrupt. */
  resume(answer: unknown, from?: Place): Promise<void>;
  /** The oldest state that `matches`. */
  find(matches: (state: StateSnapshot) => boolean): Promise<StateSnapshot>;
}

export function conversation(run: ScenarioRun, options: QuestionOptions, durability: Durability = "async"): Conversation {
  const graph = (): QuestionGraph => questionGraph(run.nextSaver(), options);
  return {
    graph,
    ask: async (question, from = run.config) => run.note(await graph().invoke({ question }, { ...from, durability })),
    goOn: async (from = run.config) => run.note(await graph().invoke(null, { ...from, durability })),
    resume: async (answer, from = run.config) => run.note(await graph().invoke(answerWith(answer), { ...from, durability })),
    find: (matches) => findState(graph(), run.thread, matches),
  };
}

/** The state at the end of the turn about `question`. */
export const finished =
  (question: string) =>
  (state: StateSnapshot): boolean =>
    state.next.length === 0 && state.values.question === question;

/** The state of the turn about `question` from which the node `next` runs. */
export const about =
  (question: string, next: string) =>
  (state: StateSnapshot): boolean =>
    state.next.includes(next) && state.values.question === question;

/** The state in which the turn about `question` waits for a human. */
export const interrupted =
  (question: string) =>
  (state: StateSnapshot): boolean =>
    state.values.question === question && state.tasks.some((task) => task.interrupts.length > 0);

/** Where the nodes of the question graph lie, and how to say it. */
export const depths: readonly (readonly [depth: 0 | 1 | 2, where: string])[] = [
  [0, "in the root graph"],
  [1, "in a subgraph"],
  [2, "in a subgraph of a subgraph"],
];
