import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { InvalidOptionsError } from "../errors.js";

/** What `pinCheckpointer` needs of a compiled graph. */
export interface PinnableGraph {
  checkpointer?: unknown;
}

/**
 * Keeps the saver that a graph was compiled with, whatever saver is assigned later. LangGraph's own server silently assigns its in-memory saver to each graph
 * that it runs:
 *
 * ```ts
 * export const agent = () => pinCheckpointer(builder.compile({ checkpointer: saver }));
 * ```
 *
 * Assigning no saver (`undefined`, `null`, `false`) still works: the server does so for runs whose thread it deletes at their end.
 *
 * @returns the same graph. `withConfig` makes a copy that is not pinned: pin last.
 * @throws InvalidOptionsError if the graph was not compiled with a Holdfast saver.
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

/** Whether `value` is a Holdfast saver. A graph whose `checkpointer` is not keeps its threads elsewhere. */
export function isHoldfastSaver(value: unknown): value is BaseCheckpointSaver {
  return typeof value === "object" && value !== null && (value as { [SAVER_BRAND]?: unknown })[SAVER_BRAND] === true;
}
