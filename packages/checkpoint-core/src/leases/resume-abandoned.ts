import { setTimeout as wait } from "node:timers/promises";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { callback, integer, refuseUnknown } from "../config/options.js";
import { InvalidOptionsError, SaverClosedError } from "../errors.js";
import type { AbandonedThread, AbandonedThreadsOptions } from "./abandoned-threads.js";
import { LEASE_OPTIONS, type ThreadLease } from "./lease.js";
import { CHECKPOINTER_KEY, RunSaver } from "./run-saver.js";

/** What `resumeAbandoned` needs of a compiled graph. */
export interface ResumableGraph {
  invoke(input: null, config: RunnableConfig): Promise<unknown>;
  getState(config: RunnableConfig): Promise<{ readonly tasks: readonly unknown[] }>;
}

/** A saver that finds abandoned threads. */
export interface AbandonedThreadSource extends BaseCheckpointSaver {
  abandonedThreads(options?: AbandonedThreadsOptions): AsyncIterable<AbandonedThread>;
}

/** What became of an abandoned thread. */
export type ResumeReport =
  | { readonly kind: "resumed"; readonly threadId: string; readonly values: unknown }
  /** It had already ended; only its lease was left. */
  | { readonly kind: "finished"; readonly threadId: string }
  /** The run failed by itself: the thread is left to its user. */
  | { readonly kind: "failed"; readonly threadId: string; readonly error: unknown }
  /** Too many of its runs in a row crashed. It is not tried again. */
  | { readonly kind: "given-up"; readonly threadId: string; readonly tries: number };

export interface ResumeAbandonedOptions extends Omit<AbandonedThreadsOptions, "limit"> {
  /** Ends the loop: it takes no further thread, and aborts its runs. */
  readonly signal: AbortSignal;
  /** How many threads are resumed at once. Default 4. */
  readonly concurrency?: number;
  /** After how many crashes in a row a thread is given up. Default 3. */
  readonly maxTries?: number;
  /** How long to wait between two rounds, in milliseconds, jittered by half. Default 5,000. */
  readonly pollMs?: number;
  /** Passed to each run besides the lease: recursion limit, durability, callbacks, context … */
  readonly config?: RunnableConfig & { readonly durability?: "exit" | "async" | "sync" };
  /** Called for each thread. An error that it throws ends the loop. */
  readonly onReport?: (report: ResumeReport) => void;
}

const KNOWN = [
  ...LEASE_OPTIONS,
  "signal",
  "concurrency",
  "maxTries",
  "pollMs",
  "config",
  "onReport",
  "olderThanMs",
] as const satisfies readonly (keyof ResumeAbandonedOptions)[];

/**
 * Resumes threads that crashed workers left, until `signal` aborts. Any number of workers may run it at once.
 *
 * @throws InvalidOptionsError, StoreUnavailableError (past the retry budget), StoreFailureError, SetupRequiredError
 */
export async function resumeAbandoned(
  graph: ResumableGraph,
  saver: AbandonedThreadSource,
  options: ResumeAbandonedOptions,
): Promise<void> {
  refuseUnknown("resumeAbandoned", options, KNOWN);
  const { signal, concurrency = 4, maxTries = 3, pollMs = 5_000, config = {}, onReport, ...listing } = options;
  if (!(signal instanceof AbortSignal)) throw new InvalidOptionsError("resumeAbandoned needs a signal that ends it.");
  callback("onReport", onReport);
  for (const [name, value] of Object.entries({ concurrency, maxTries, pollMs })) integer(name, value, 1);
  while (!signal.aborted) {
    const running = new Set<Promise<void>>();
    const failures: unknown[] = [];
    for await (const thread of saver.abandonedThreads(listing)) {
      if (signal.aborted) {
        await handOver(thread.lease);
        break;
      }
      const run = resumeOne(graph, saver, thread, { signal, maxTries, config })
        .then((outcome) => outcome && onReport?.(outcome))
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(run));
      running.add(run);
      if (running.size >= concurrency) await Promise.race(running);
      // Before the next thread is taken.
      if (signal.aborted || failures.length > 0) break;
    }
    await Promise.all(running);
    if (failures.length > 0) throw failures[0];
    await wait(pollMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
  }
}

/** @returns `undefined` if the loop's signal aborted the run. */
async function resumeOne(
  graph: ResumableGraph,
  saver: BaseCheckpointSaver,
  { threadId, lease, tries }: AbandonedThread,
  { signal, maxTries, config }: { readonly signal: AbortSignal; readonly maxTries: number; readonly config: RunnableConfig },
): Promise<ResumeReport | undefined> {
  const runSaver = new RunSaver(saver, lease.isOfRun ? threadId : undefined);
  const runConfig = {
    ...config,
    ...lease.config,
    configurable: { ...config.configurable, ...lease.config.configurable, [CHECKPOINTER_KEY]: runSaver },
    signal: AbortSignal.any([signal, lease.signal, runSaver.failure]),
  };
  let isLeft = false;
  try {
    if (tries > maxTries) return { kind: "given-up", threadId, tries };
    const { tasks } = await graph.getState(runConfig);
    if (tasks.length === 0) return { kind: "finished", threadId };
    const values = await graph.invoke(null, runConfig);
    runSaver.failure.throwIfAborted();
    const outcome = await runSaver.outcome();
    if (outcome !== undefined) lease.setOutcome(outcome);
    return { kind: "resumed", threadId, values };
  } catch (error) {
    const reason = [runSaver.failure, lease.signal].find(({ aborted }) => aborted)?.reason as unknown;
    isLeft = reason === undefined ? signal.aborted : reason instanceof SaverClosedError;
    return isLeft ? undefined : { kind: "failed", threadId, error: reason ?? error };
  } finally {
    // An aborted run leaves the thread unfinished, for another worker to resume.
    await (isLeft ? handOver(lease) : lease.release());
  }
}

/** If the store cannot be reached now, the lease expires. */
async function handOver(lease: ThreadLease): Promise<void> {
  await lease.handOver().catch(() => undefined);
}
