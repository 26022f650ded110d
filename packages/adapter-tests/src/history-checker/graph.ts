import { setImmediate as nextTick } from "node:timers/promises";
import { ThreadNotFoundError } from "@holdfast/checkpoint-core";
import {
  Annotation,
  DeltaChannel,
  END,
  interrupt,
  type LangGraphRunnableConfig,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { integerOf, seededRandom } from "../seeded.js";

/** What a turn of the graph is told. All that its nodes do follows from it, and from the answers that it gets. */
export interface Turn {
  readonly mark: string;
  /** The nodes that ask: the sum of 1 for "b", 2 for "a", which asks twice, and 4 for the subgraph. */
  readonly asks: number;
  /** Tasks that are sent out. */
  readonly pieces: number;
}

/** The number of questions of each node that may ask, and what `Turn.asks` has for it. */
const ASKING = { b: [1, 1], a: [2, 2], inner: [4, 1] } as const;

/** Between the parts of an entry. */
const PART = "|";

const concat = (all: string[], more: readonly (string | string[])[]): string[] => all.concat(...more);
const entries = () => Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] });

const State = Annotation.Root({
  turn: Annotation<Turn>,
  log: entries(),
  /** The same as `log`. Snapshots fall on other checkpoints in each turn. */
  delta: () => new DeltaChannel<string[], string | string[]>(concat, { snapshotFrequency: 7 }),
});

const Inner = Annotation.Root({ turn: Annotation<Turn>, said: entries() });

const Kept = Annotation.Root({
  turn: Annotation<Turn>,
  log: entries(),
  delta: () => new DeltaChannel<string[], string | string[]>(concat, { snapshotFrequency: 4 }),
});

type HistoryGraph = ReturnType<typeof historyGraph>;
export type GraphInput = Parameters<HistoryGraph["invoke"]>[0];

/**
 * A graph that logs what it does in two channels, one with a reducer and one of deltas. It has parallel nodes, tasks sent by `Send`, a stateless subgraph and a
 * stateful one. The turn says which of them ask a human. Nodes that run at once end in a random order.
 */
export function historyGraph(checkpointer: BaseCheckpointSaver) {
  const inner = new StateGraph(Inner)
    .addNode("prepare", ({ turn }) => ({ said: [`prepared ${turn.mark}`] }))
    .addNode("ask", ({ turn }) => ({ said: answersOf(turn, "inner") }))
    .addEdge(START, "prepare")
    .addEdge("prepare", "ask")
    .addEdge("ask", END)
    .compile();
  const keeper = new StateGraph(Kept)
    .addNode("keep", ({ turn }) => ({ log: [turn.mark], delta: [turn.mark] }))
    .addNode("close", () => ({}))
    .addEdge(START, "keep")
    .addEdge("keep", "close")
    .addEdge("close", END)
    .compile({ checkpointer: true });
  const says = (turn: Turn, node: string, ...more: string[]) => {
    const entry = [turn.mark, node, ...more].join(PART);
    return { log: [entry], delta: [entry] };
  };
  const taking = async <Update>(turn: Turn, node: string, act: () => Update | Promise<Update>): Promise<Update> => {
    const random = seededRandom([...turn.mark, ...node].reduce((sum, char) => 31 * sum + char.charCodeAt(0), 0));
    for (let ticks = integerOf(random, 0, 6); ticks > 0; ticks -= 1) await nextTick();
    return act();
  };
  return new StateGraph(State)
    .addNode("plan", ({ turn }: { readonly turn?: Turn }) => {
      // An answer to a thread that somebody has deleted meanwhile: LangGraph begins a run without an input.
      if (turn === undefined) throw new ThreadNotFoundError("that was to be resumed");
      return says(turn, "plan");
    })
    .addNode("b", ({ turn }) => taking(turn, "b", () => says(turn, "b", ...answersOf(turn, "b"))))
    .addNode("a", ({ turn }) => taking(turn, "a", () => says(turn, "a", ...answersOf(turn, "a"))))
    .addNode("inner", ({ turn }: typeof State.State, config: LangGraphRunnableConfig) =>
      taking(turn, "inner", async () => says(turn, "inner", ...(await inner.invoke({ turn }, config)).said)),
    )
    .addNode("keeper", ({ turn }: typeof State.State, config: LangGraphRunnableConfig) =>
      taking(turn, "keeper", async () => {
        const { log, delta } = await keeper.invoke({ turn }, config);
        return says(turn, "keeper", log.join(), delta.join());
      }),
    )
    .addNode("piece", ({ turn, piece }: { readonly turn: Turn; readonly piece: number }) =>
      taking(turn, `piece ${piece}`, () => says(turn, `piece ${piece}`)),
    )
    .addNode("end", ({ turn, log, delta }) => says(turn, "end", String(log.length), String(delta.length)))
    .addEdge(START, "plan")
    .addConditionalEdges(
      "plan",
      ({ turn }) => Array.from({ length: turn.pieces }, (_, piece) => new Send("piece", { turn, piece })),
      ["piece"],
    )
    .addEdge("plan", "b")
    .addEdge("plan", "a")
    .addEdge("plan", "inner")
    .addEdge("plan", "keeper")
    .addEdge(["b", "a", "inner", "keeper"], "end")
    .addEdge("end", END)
    .compile({ checkpointer });
}

/** Asks a human what the turn has a node ask. */
function answersOf({ mark, asks }: Turn, node: keyof typeof ASKING): string[] {
  const [bit, count] = ASKING[node];
  return (asks & bit) === 0
    ? []
    : Array.from({ length: count }, (_, n): string => interrupt<string, string>(`${mark}?${node}?${n}`));
}

/** An entry of the log. */
export interface Said {
  readonly mark: string;
  readonly node: string;
  readonly more: readonly string[];
}

export function saidIn(entry: string): Said {
  const [mark = "", node = "", ...more] = entry.split(PART);
  return { mark, node, more };
}

/** The nodes whose entries a whole turn has, in order: that of the task paths within a superstep. */
export function nodesOf({ pieces }: Turn): string[] {
  return ["plan", "a", "b", "inner", "keeper", ...Array.from({ length: pieces }, (_, piece) => `piece ${piece}`), "end"];
}

/** How often a node asks in a turn. */
export function questionsOf({ asks }: Turn, node: string): number {
  if (!(node in ASKING)) return 0;
  const [bit, count] = ASKING[node as keyof typeof ASKING];
  return (asks & bit) === 0 ? 0 : count;
}
