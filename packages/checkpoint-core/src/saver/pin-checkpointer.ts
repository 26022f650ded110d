import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { InvalidOptionsError } from "../errors.js";

/** A compiled graph, as far as `pinCheckpointer` needs to know one. */
export interface PinnableGraph {
  checkpointer?: unknown;
}

/**
 * Keeps the saver that a graph was compiled with, whatever saver is assigned to it later. LangGraph's own server assigns its in-memory saver to each
 * graph it runs, without a word:
 *
 * ```ts
 * export const agent = () => pinCheckpointer(builder.compile({ checkpointer: saver }));
 * ```
 *
 * Assigning no saver (`undefined`, `null`, `false`) still takes effect: the server does so for runs whose thread it deletes when they end.
 *
 * @returns the same graph. `withConfig` makes a copy that is not pinned: pin last.
 * @throws InvalidOptionsError when the graph has no Holdfast saver as its checkpointer.
 */
export function pinCheckpointer<Graph extends PinnableGraph>(graph: Graph): Graph {
  const saver = graph.checkpointer;
  if (!isHoldfastSaver(saver)) {
    throw new InvalidOptionsError(
      "pinCheckpointer needs a graph that was compiled with a Holdfast saver: graph.compile({ checkpointer: saver }).",
    );
  }
  let current: unknown = saver;
  Object.defineProperty(graph, "checkpointer", {
    get: () => current,
    set: (assigned: unknown) => {
      current = typeof assigned === "object" && assigned !== null ? saver : assigned;
    },
    enumerable: true,
    configurable: true,
  });
  return graph;
}

/** Marks our savers, whichever copy of the package made them. */
export const SAVER_BRAND: unique symbol = Symbol.for("holdfast.saver") as never;

/** Whether `value` is a saver of ours. A graph whose `checkpointer` is none does not keep its threads in our store. */
export function isHoldfastSaver(value: unknown): value is BaseCheckpointSaver {
  return typeof value === "object" && value !== null && (value as { [SAVER_BRAND]?: unknown })[SAVER_BRAND] === true;
}
