import type { RunnableConfig } from "@langchain/core/runnables";
import type { StateSnapshot } from "@langchain/langgraph";
import type { agentGraph } from "./graph.js";
import type { Resumer, RunNotes } from "./ledger.js";

type Graph = ReturnType<typeof agentGraph>;
type Input = Parameters<Graph["invoke"]>[0];

/** The config of a call: its thread and, within a lease, what `exclusive` or `resumeAbandoned` has put there. */
export type RunConfig = RunnableConfig & { readonly signal?: AbortSignal };

/** Every run of the graph, whoever begins it: a request, or the sweeper that goes on with what a dead worker has left. */
export class Runs {
  readonly #graph: Graph;
  readonly #notes: RunNotes | undefined;

  constructor(graph: Graph, notes?: RunNotes) {
    this.#graph = graph;
    this.#notes = notes;
  }

  getState(config: RunConfig): Promise<StateSnapshot> {
    return this.#graph.getState(config);
  }

  /** @param input `null`: goes on from the last checkpoint, without new input; then `resumer` says who does. */
  async invoke(input: Input, config: RunConfig, resumer?: Resumer): Promise<void> {
    if (this.#notes === undefined) await this.#invoke(input, config, {});
    else await this.#notes.during(config, resumer, (noted) => this.#invoke(input, config, noted));
  }

  async #invoke(input: Input, config: RunConfig, noted: RunnableConfig): Promise<void> {
    await this.#graph.invoke(input, {
      ...config,
      ...noted,
      configurable: { ...config.configurable, ...noted.configurable },
      recursionLimit: 1_000,
      /*
       * No node begins before the store has acknowledged the superstep before it. With "async", the default, a node runs ahead of that: its own
       * writes may be acknowledged while the checkpoint that they belong to is lost with the process, and it is then run again.
       */
      durability: "sync",
    });
  }
}
