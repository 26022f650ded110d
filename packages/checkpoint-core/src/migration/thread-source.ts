import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointListOptions, CheckpointTuple, DeltaChannelHistory } from "@langchain/langgraph-checkpoint";
import type { CopyOutcome } from "../store/thread-store.js";

/** Where a saver finds its threads: in its store alone, or also in the saver that a service used before (`OnDemandMigration`). `own` works on the store. */
export interface ThreadSource {
  getTuple(
    config: RunnableConfig,
    threadId: string,
    own: () => Promise<CheckpointTuple | undefined>,
  ): Promise<CheckpointTuple | undefined>;
  /** @param threadId `undefined`: all threads. */
  list(
    config: RunnableConfig,
    options: CheckpointListOptions,
    threadId: string | undefined,
    own: (options: CheckpointListOptions) => AsyncGenerator<CheckpointTuple>,
  ): AsyncGenerator<CheckpointTuple>;
  getDeltaChannelHistory(
    options: { readonly config: RunnableConfig; readonly channels: string[] },
    threadId: string,
    own: () => Promise<Record<string, DeltaChannelHistory>>,
  ): Promise<Record<string, DeltaChannelHistory>>;
  /** @param token of the lease under which the caller writes. */
  write<T>(threadId: string, token: string | undefined, own: () => Promise<T>): Promise<T>;
  delete(threadId: string, token: string | undefined, own: OwnDeletion): Promise<void>;
  copy(from: string, to: string, own: () => Promise<CopyOutcome>): Promise<CopyOutcome>;
}

/** Deletes a thread of the store under the lease with this token, and remembers these other checkpoint ids as if they had been in it. */
export type OwnDeletion = (token: string | undefined, others?: readonly string[]) => Promise<void>;

/** The threads of a saver without the option `fallback`. */
export const STORE_ALONE: ThreadSource = {
  getTuple: (_config, _threadId, own) => own(),
  list: (_config, options, _threadId, own) => own(options),
  getDeltaChannelHistory: (_options, _threadId, own) => own(),
  write: (_threadId, _token, own) => own(),
  delete: (_threadId, token, own) => own(token),
  copy: (_from, _to, own) => own(),
};
