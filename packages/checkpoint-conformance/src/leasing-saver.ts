import assert from "node:assert/strict";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

/** The right to write to a thread, as far as the suite looks at it. */
export interface Lease {
  readonly threadId: string;
  readonly token: string;
  readonly config: RunnableConfig;
  readonly signal: AbortSignal;
  release(): Promise<void>;
  /** Ends the renewals without a release, as a crash would. */
  leave(): void;
}

export interface LeaseOptions {
  readonly ttlMs?: number;
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  readonly owner?: string;
}

export interface Abandoned {
  readonly threadId: string;
  readonly lease: Lease;
  readonly owner: string | undefined;
  readonly tries: number;
}

/** A saver with the capability `leases`. */
export interface LeasingSaver extends BaseCheckpointSaver {
  acquireThread(threadId: string, options?: LeaseOptions): Promise<Lease>;
  abandonedThreads(options?: { readonly olderThanMs?: number; readonly ttlMs?: number }): AsyncIterable<Abandoned>;
  deleteThread(threadId: string, options?: { readonly lease?: Lease }): Promise<void>;
}

export function leasing(saver: BaseCheckpointSaver): LeasingSaver {
  assert("acquireThread" in saver && "abandonedThreads" in saver, "the saver declares leases and has no acquireThread");
  return saver as LeasingSaver;
}
