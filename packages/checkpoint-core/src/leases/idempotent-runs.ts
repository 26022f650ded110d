import type { RunnableConfig } from "@langchain/core/runnables";
import { type BaseCheckpointSaver, ERROR, RESUME } from "@langchain/langgraph-checkpoint";
import { LeaseLostError, ThreadBusyError } from "../errors.js";
import type { RunOutcome, StoredRun } from "../store/run-store.js";
import { hasUnfinishedWork, type ThreadView } from "./abandoned-threads.js";
import type { LeaseOptions, ThreadLease } from "./lease.js";
import { pendingQuestion } from "./pending-question.js";
import { outcomeOf } from "./run-outcome.js";
import { isAtBreakpoint, type ReadableGraph, type RunResult, resultOf } from "./run-result.js";
import type { IdempotentRun, Runs } from "./runs.js";

/** After as many crashes in a row, a run is not finished by those that come after it. */
const MOST_TRIES = 3;

/** A saver of ours, and the graph whose runs have idempotency keys. */
interface Stage {
  readonly graph: ReadableGraph;
  readonly saver: BaseCheckpointSaver;
  readonly runs: Runs;
  readonly threadId: string;
}

/** A call with an idempotency key. */
export interface IdempotentCall extends Stage {
  readonly run: IdempotentRun;
  readonly leaseOptions: LeaseOptions;
  /** How long the call waits for the same run elsewhere, in milliseconds. */
  readonly patienceMs: number;
  /** Resumes what is left of another run under its lease, and ends the lease. */
  finish(lease: ThreadLease, key: string): Promise<void>;
}

/** How a call begins: with what the run came to before; or under a lease, with its input, or where the run was left. */
export type Beginning =
  | { readonly kind: "repeated"; readonly result: RunResult }
  | { readonly kind: "fresh" | "left"; readonly lease: ThreadLease };

/**
 * Begins a run, finishes it where a crash has left it, or gives its outcome (contract C-100).
 *
 * @throws IdempotencyKeyReusedError, ThreadBusyError, LeaseLostError, and the reason of the call's signal.
 */
export async function beginIdempotent(call: IdempotentCall): Promise<Beginning> {
  const { runs, threadId, run, leaseOptions } = call;
  const known = await runs.find(threadId, run);
  const repeated = await repetitionOf(call, known);
  if (repeated !== undefined) return repeated;
  const { whenBusy = "wait", ...others } = leaseOptions;
  // A repeated call takes the thread from nobody: it may come after a later message.
  const options = known === undefined ? leaseOptions : others;
  try {
    for (;;) {
      const { lease, tries, unfinished } = await runs.acquire(threadId, options, run, call.patienceMs);
      if (unfinished === undefined || tries > MOST_TRIES || whenBusy !== "wait") return await beginUnder(call, lease);
      await call.finish(lease, unfinished);
    }
  } catch (error) {
    if (!(error instanceof ThreadBusyError)) throw error;
    // The run that was waited for may have ended, and another one have the thread.
    const ended = await repetitionOf(call, await runs.find(threadId, run));
    if (ended === undefined) throw error;
    return ended;
  }
}

/** What a run came to, if it has come to something. @throws LeaseLostError if a later run has overtaken it: that has the thread now. */
async function repetitionOf(stage: Stage, run: StoredRun | undefined): Promise<Beginning | undefined> {
  const { outcome, overtakenBy } = run ?? {};
  // It may have been overtaken between its last commit and its end.
  const left = run !== undefined && overtakenBy !== undefined && outcome === undefined ? await leftBy(stage, run) : outcome;
  const result = typeof left === "object" ? await resultOf(stage.graph, stage.saver, stage.threadId, left) : undefined;
  if (result !== undefined) return { kind: "repeated", result };
  if (overtakenBy !== undefined) throw new LeaseLostError(stage.threadId, { kind: "overtaken", reason: overtakenBy });
  return undefined;
}

async function beginUnder(call: IdempotentCall, lease: ThreadLease): Promise<Beginning> {
  try {
    const found = await call.runs.begin(lease, call.run);
    const repeated = await repetitionOf(call, found);
    if (repeated !== undefined) {
      await lease.release();
      return repeated;
    }
    // Under its first lease, it has not written anything yet.
    const left = found.leases.length < 2 ? "nothing" : await leftBy(call, found);
    const result = typeof left === "object" ? await resultOf(call.graph, call.saver, call.threadId, left) : undefined;
    if (typeof left === "object" && result !== undefined) {
      lease.setOutcome(left);
      await lease.release();
      return { kind: "repeated", result };
    }
    if (left === "unfinished") return { kind: "left", lease };
    // Its checkpoints were taken out of the thread, or another run has gone on from them.
    if (found.leases.length > 1 || found.outcome !== undefined) await call.runs.begin(lease, call.run, true);
    return { kind: "fresh", lease };
  } catch (error) {
    await lease.release().catch(() => undefined);
    throw error;
  }
}

/** Whether another run is to be finished under a lease, which then belongs to that run. Otherwise the lease is released. */
export async function isUnfinished(stage: Stage, lease: ThreadLease, key: string): Promise<boolean> {
  try {
    const found = await stage.runs.continue(lease, key);
    const isOver = found === undefined || found.outcome !== undefined || found.overtakenBy !== undefined;
    const left = isOver ? "nothing" : await leftBy(stage, found);
    if (left === "unfinished") return true;
    if (left !== "nothing") lease.setOutcome(left);
    await lease.release();
    return false;
  } catch (error) {
    await lease.handOver().catch(() => undefined);
    throw error;
  }
}

/**
 * What is left of a run that did not note what it came to: nothing to go on with; work that is unfinished at the head of the thread; or an outcome, where its
 * process ended after its last commit.
 */
async function leftBy(stage: Stage, run: StoredRun): Promise<"nothing" | "unfinished" | RunOutcome> {
  const { graph, saver, runs, threadId } = stage;
  const { madeId, headId, hasWritesAtHead } = await runs.progress(threadId, run);
  const id = madeId ?? (hasWritesAtHead ? headId : undefined);
  if (id === undefined) return "nothing";
  const tuple = await saver.getTuple(checkpointOf(threadId, id));
  if (tuple === undefined) return "nothing";
  const { pendingWrites = [] } = tuple;
  // Before its first checkpoint, a run that answers has stored its answer; another one has nothing that it could go on from.
  if (madeId === undefined && !pendingWrites.some(([, channel]) => channel === RESUME)) return "nothing";
  const state = await graph.getState(checkpointOf(threadId, id));
  if (state.tasks.length === 0 || (madeId !== undefined && (await isAtBreakpoint(graph, state)))) return outcomeOf(saver, tuple);
  const isHead = id === headId;
  const asks = isHead ? !(await hasUnfinishedWork(viewOf(saver), threadId)) : pendingQuestion(tuple) !== "none";
  if (asks && !pendingWrites.some(([, channel]) => channel === ERROR)) return outcomeOf(saver, tuple);
  return isHead ? "unfinished" : "nothing";
}

function checkpointOf(threadId: string, id: string): RunnableConfig {
  return { configurable: { thread_id: threadId, checkpoint_ns: "", checkpoint_id: id } };
}

function viewOf(saver: BaseCheckpointSaver): ThreadView {
  const of = (threadId: string): RunnableConfig => ({ configurable: { thread_id: threadId } });
  return { latest: (threadId) => saver.getTuple(of(threadId)), all: (threadId) => saver.list(of(threadId)) };
}
