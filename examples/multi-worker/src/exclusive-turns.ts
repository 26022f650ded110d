import { type ExclusiveOptions, exclusive, isHoldfastError } from "@holdfast/checkpoint-core";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { RunConfig } from "./runs.js";
import type { Threads, TurnReply, TurnRequest } from "./threads.js";

/** How long a request waits for its thread. */
const LONGEST_WAIT_MS = 60_000;

export interface ServedTurn {
  readonly reply: TurnReply;
  /** Another request was at the thread when this one came. */
  readonly queued: boolean;
}

/**
 * One request at a time in each thread, of all workers. Not just the run of the graph is exclusive, but the whole turn: it looks what is to be done
 * before it does it, and nobody else may do it in between. For `exclusive`, a turn is a graph: it has a checkpointer, and it is invoked.
 */
export class ExclusiveTurns {
  readonly #whenFree: Turn;
  readonly #atOnce: Turn;

  constructor(threads: Threads, checkpointer: BaseCheckpointSaver, lease: Pick<ExclusiveOptions, "ttlMs" | "owner">) {
    const turn = {
      checkpointer,
      // The config has the lease in it. All that is written with it is fenced, and its signal aborts when the lease is lost.
      invoke: (request: TurnRequest, config?: RunConfig) => threads.take(threadOf(config), request, config),
    };
    this.#whenFree = exclusive(turn, { ...lease, whenBusy: "wait", waitMs: LONGEST_WAIT_MS });
    this.#atOnce = exclusive(turn, { ...lease, whenBusy: "reject" });
  }

  /** @throws ThreadBusyError, LeaseLostError, ThreadConflictError */
  async take(threadId: string, request: TurnRequest): Promise<ServedTurn> {
    const config = { configurable: { thread_id: threadId } };
    try {
      return { reply: await this.#atOnce.invoke(request, config), queued: false };
    } catch (error) {
      if (!isThreadBusy(error) || request.whenBusy === "reject") throw error;
    }
    return { reply: await this.#whenFree.invoke(request, config), queued: true };
  }
}

interface Turn {
  readonly checkpointer: BaseCheckpointSaver;
  invoke(request: TurnRequest, config?: RunConfig): Promise<TurnReply>;
}

function threadOf(config: RunConfig | undefined): string {
  return String(config?.configurable?.thread_id);
}

export function isThreadBusy(error: unknown): boolean {
  return isHoldfastError(error) && error.code === "HOLDFAST_THREAD_BUSY";
}

export function isLeaseLost(error: unknown): boolean {
  return isHoldfastError(error) && error.code === "HOLDFAST_LEASE_LOST";
}
