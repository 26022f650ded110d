import assert from "node:assert/strict";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Command, type StateSnapshot } from "@langchain/langgraph";
import { type BaseCheckpointSaver, type Checkpoint, type CheckpointMetadata, MemorySaver } from "@langchain/langgraph-checkpoint";
import type { CaseContext } from "../case.js";
import { address, collect } from "../checkpoints.js";
import { assertSame } from "../same-value.js";
import { plain, type StatefulGraph, snapshotRecord, threadRecord } from "./thread-record.js";

/**
 * `MemorySaver`, except where it is at fault: a checkpoint that LangGraph puts again on top of itself (durability "exit") keeps its parent
 * instead of becoming its own.
 */
class ReferenceSaver extends MemorySaver {
  override async put(config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata): Promise<RunnableConfig> {
    const { thread_id: thread, checkpoint_ns: ns = "", checkpoint_id: parent } = config.configurable ?? {};
    const known = parent === checkpoint.id ? this.storage[thread]?.[ns]?.[checkpoint.id] : undefined;
    return super.put(known === undefined ? config : address(thread, { ns, id: known[2] }), checkpoint, metadata);
  }
}

/** How often LangGraph writes during a run. */
export type Durability = "exit" | "sync" | "async";

/** What a scenario works with: a thread, and a saver for each of its steps. */
export interface ScenarioRun {
  readonly thread: string;
  readonly config: { readonly configurable: { readonly thread_id: string } };
  /** A saver for the next step. Savers take turns, as replicas behind a load balancer do. */
  nextSaver(): BaseCheckpointSaver;
  /** Keeps something that the program saw, to be compared with the reference. */
  note(result: unknown): void;
  /** Keeps a state that the program saw. */
  noteState(state: StateSnapshot): void;
}

/** A program that uses graphs as a user would; it returns the graph whose history is compared. */
export type Scenario = (run: ScenarioRun) => Promise<StatefulGraph>;

async function perform(
  scenario: Scenario,
  savers: readonly [BaseCheckpointSaver, ...BaseCheckpointSaver[]],
  thread: string,
): Promise<unknown> {
  const results: unknown[] = [];
  let turn = 0;
  const graph = await scenario({
    thread,
    config: { configurable: { thread_id: thread } },
    nextSaver: () => {
      turn += 1;
      return savers[turn % savers.length] ?? savers[0];
    },
    note: (result) => void results.push(plain(result)),
    noteState: (state) => void results.push(snapshotRecord(state)),
  });
  return threadRecord(savers[0], graph, thread, results);
}

/** Performs the scenario on the savers under test and on `MemorySaver`, and fails where a user could see a difference. */
export async function assertAsInMemory(context: CaseContext, scenario: Scenario): Promise<void> {
  const expected = await perform(scenario, [new ReferenceSaver()], context.thread("reference"));
  const actual = await perform(scenario, [context.saver, await context.open()], context.thread());
  assertSame(actual, expected, "what the saver shows of the thread, compared with MemorySaver");
}

/** What a human answers to an interrupt. */
export type Answer = Command<unknown, Record<string, never>, never>;

/** Resumes a graph with this answer. */
export const answerWith = (answer: unknown): Answer => new Command({ resume: answer });

/** The oldest state of the thread's history that `matches`. */
export async function findState(
  graph: StatefulGraph,
  thread: string,
  matches: (state: StateSnapshot) => boolean,
): Promise<StateSnapshot> {
  const found = (await collect(graph.getStateHistory(address(thread)))).reverse().find(matches);
  assert(found !== undefined, "the history lacks the state that the scenario goes back to");
  return found;
}
