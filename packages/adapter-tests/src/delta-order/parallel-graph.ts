import { setImmediate as nextTick } from "node:timers/promises";
import { AIMessage, type BaseMessage, HumanMessage, RemoveMessage } from "@langchain/core/messages";
import {
  Annotation,
  DeltaChannel,
  END,
  interrupt,
  messagesDeltaReducer,
  Overwrite,
  Send,
  START,
  StateGraph,
} from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { integerOf, type Random, seededRandom } from "../seeded.js";

/** Nodes that run at once. Their names sort in another order than their task ids, and than they are added. */
const PARALLEL = ["b", "a", "Z", "é", "c"];

/** What the order of writes decides: what is said last under an id, and whether it is removed before or after. */
type Say = BaseMessage | BaseMessage[];

const concat = (all: string[], more: readonly (string | string[])[]): string[] => all.concat(...more);

const State = Annotation.Root({
  turn: Annotation<number>,
  messages: () => new DeltaChannel<BaseMessage[], Say>(messagesDeltaReducer, { snapshotFrequency: 7 }),
  log: () => new DeltaChannel<string[], string | string[]>(concat, { snapshotFrequency: 1_000 }),
});

function said(random: Random, by: string): Say {
  const ids = ["1", "2", "3", "4"];
  const id = (): string => ids[integerOf(random, 0, 3)] as string;
  const kind = random();
  if (kind < 0.3) return new RemoveMessage({ id: id() });
  if (kind < 0.6) return new AIMessage({ id: id(), content: by });
  return [
    new HumanMessage({ id: id(), content: `${by}, first` }),
    new RemoveMessage({ id: id() }),
    new AIMessage({ id: id(), content: `${by}, last` }),
  ];
}

export interface GraphOptions {
  readonly seed: number;
  /** Whether its tasks ask a human now and then. */
  readonly asks: boolean;
}

/**
 * A graph whose parallel tasks write the same delta channels: messages of the same ids, removals, what overwrites all, and tasks that are sent out. What a
 * node does follows from seed, turn and name, so that a node that runs again does the same.
 */
export function parallelGraph(checkpointer: BaseCheckpointSaver, { seed, asks }: GraphOptions) {
  const randomOf = (turn: number, name: string): Random =>
    seededRandom(seed + 7_919 * turn + [...name].reduce((sum, char) => 31 * sum + (char.codePointAt(0) as number), 0));
  const act = async (turn: number, name: string) => {
    const random = randomOf(turn, name);
    for (let ticks = integerOf(random, 0, 8); ticks > 0; ticks -= 1) await nextTick();
    const told = random() < 0.2 && asks && name !== "piece" ? ` was told ${interrupt(`what, ${name}?`)}` : "";
    const by = `${name} in turn ${turn}${told}`;
    return { messages: said(random, by), log: [by] };
  };
  const graph = new StateGraph(State)
    .addNode("plan", async ({ turn }) => {
      const resets = randomOf(turn, "plan")() < 0.15;
      return { ...(await act(turn, "piece")), ...(resets ? { log: new Overwrite([`reset in turn ${turn}`]) } : {}) };
    })
    .addNode("piece", async ({ turn, piece }: { turn: number; piece: number }) => act(turn, `piece ${piece}`))
    .addNode("end", ({ turn, log }) => ({ log: [`turn ${turn} has ${log.length}`] }))
    .addEdge(START, "plan")
    .addConditionalEdges("plan", ({ turn }) =>
      Array.from({ length: integerOf(randomOf(turn, "sends"), 0, 12) }, (_, piece) => new Send("piece", { turn, piece })),
    )
    .addEdge("end", END);
  for (const name of PARALLEL) {
    graph.addNode(name, ({ turn }) => act(turn, name));
    graph.addEdge("plan" as never, name as never);
  }
  graph.addEdge([...PARALLEL] as never, "end" as never);
  return graph.compile({ checkpointer });
}
