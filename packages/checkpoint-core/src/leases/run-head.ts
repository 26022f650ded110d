import type { RunnableConfig } from "@langchain/core/runnables";
import { type BaseCheckpointSaver, type CheckpointTuple, INTERRUPT, type PendingWrite } from "@langchain/langgraph-checkpoint";
import { storedThreadId } from "../config/ids.js";
import type { RunOutcome } from "../store/run-store.js";
import { isOrdinary, outcomeAt } from "./run-outcome.js";

/** What tasks have written to a checkpoint. */
interface Written {
  /** Those that have written to channels. */
  readonly tasks: Set<string>;
  /** What others ask. */
  readonly questions: Map<string, readonly unknown[]>;
}

/** The last checkpoint of a run's root graph, as the calls of the run tell. */
export class RunHead {
  readonly #threadId: string;
  #id: string | undefined;
  /** Of the last checkpoint, and of later ones: LangGraph may put a checkpoint after what is written to it. */
  readonly #written = new Map<string, Written>();

  constructor(threadId: string) {
    this.#threadId = threadId;
  }

  /** The run begins with the first checkpoint that it reads. */
  read(config: RunnableConfig, tuple: CheckpointTuple | undefined): void {
    if (tuple === undefined || this.#id !== undefined || !this.#isOfRun(config)) return;
    this.#id = tuple.checkpoint.id;
    const { tasks } = this.#writtenTo(this.#id);
    for (const [task, channel] of tuple.pendingWrites ?? []) if (isOrdinary(channel)) tasks.add(task);
  }

  put(config: RunnableConfig, id: string): void {
    // With durability "exit", LangGraph puts the head again when a resumed run stops at once.
    if (!this.#isOfRun(config) || id === this.#id) return;
    if (this.#id !== undefined) this.#written.delete(this.#id);
    this.#id = id;
  }

  putWrites(config: RunnableConfig, writes: readonly PendingWrite[], task: string): void {
    const id: unknown = config.configurable?.checkpoint_id;
    if (typeof id !== "string" || !this.#isOfRun(config)) return;
    const { tasks, questions } = this.#writtenTo(id);
    const asked = writes.filter(([channel]) => channel === INTERRUPT).flatMap(([, question]) => question);
    if (asked.length > 0) questions.set(task, asked);
    if (!writes.some(([channel]) => isOrdinary(channel))) return;
    tasks.add(task);
    questions.delete(task);
  }

  outcome(saver: Pick<BaseCheckpointSaver, "serde">): Promise<RunOutcome> | undefined {
    if (this.#id === undefined) return undefined;
    const { tasks, questions } = this.#writtenTo(this.#id);
    return outcomeAt(saver, this.#id, tasks, [...questions.values()].flat());
  }

  #writtenTo(id: string): Written {
    const written = this.#written.get(id) ?? { tasks: new Set(), questions: new Map() };
    this.#written.set(id, written);
    return written;
  }

  /** Nodes may run graphs on other threads, and subgraphs have namespaces of their own. */
  #isOfRun({ configurable: { thread_id: id, checkpoint_ns: namespace } = {} }: RunnableConfig): boolean {
    return !namespace && id !== undefined && storedThreadId(id) === this.#threadId;
  }
}
