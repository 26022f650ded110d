import assert from "node:assert/strict";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Command, INTERRUPT, isInterrupted, type StateSnapshot } from "@langchain/langgraph";
import { type BaseCheckpointSaver, type Checkpoint, type CheckpointMetadata, MemorySaver } from "@langchain/langgraph-checkpoint";
import type { CaseContext } from "../case.js";
import { address, collect } from "../checkpoints.js";
import { show } from "../same-value.js";
import { supportOf } from "../target.js";
import { ComparedSaver } from "./compared-saver.js";
import { inFavour } from "./in-favour.js";
import { type Difference, differences } from "./record-differences.js";
import { plain, type StatefulGraph, snapshotRecord, threadRecord } from "./thread-record.js";

/**
 * `MemorySaver`, except where it is at fault: a checkpoint that LangGraph puts again on top of itself (durability "exit") keeps its parent
 * instead of becoming its own.
 */
export class ReferenceSaver extends MemorySaver {
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
  /** A saver for the next call, which has served none before: what it knows is what the store knows. */
  nextSaver(): BaseCheckpointSaver;
  /** Keeps something that the program saw, to be compared with the reference. */
  note(result: unknown): void;
  /** Keeps a state that the program saw. */
  noteState(state: StateSnapshot): void;
}

/** A program that uses graphs as a user would; it returns the graph whose history is compared. */
export type Scenario = (run: ScenarioRun) => Promise<StatefulGraph>;

/** The interrupts of a result in one order, whichever of several subgraphs came to its own first. */
function withSortedInterrupts(result: unknown): unknown {
  if (typeof result !== "object" || result === null || !isInterrupted(result)) return result;
  const sorted = result[INTERRUPT]
    .map((each) => [JSON.stringify(each.value), each] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...result, [INTERRUPT]: sorted.map(([, each]) => each) };
}

async function perform(
  scenario: Scenario,
  nextSaver: () => BaseCheckpointSaver,
  thread: string,
  racing: boolean,
): Promise<unknown> {
  const results: unknown[] = [];
  const graph = await scenario({
    thread,
    config: { configurable: { thread_id: thread } },
    nextSaver,
    note: (result) => void results.push(plain(racing ? withSortedInterrupts(result) : result)),
    noteState: (state) => void results.push(snapshotRecord(state)),
  });
  return threadRecord(nextSaver(), graph, thread, results);
}

/** How a scenario is compared with memory. */
export interface Comparison {
  /** What is done in memory, if that is not the same. */
  readonly inMemory?: Scenario;
  /** Compares every read of a saver, too: the order of pending writes and the history of delta channels. */
  readonly everyRead?: boolean;
  /** Subgraphs ask at once: LangGraph tells a call's interrupts in the order in which they got there. */
  readonly racing?: boolean;
}

/** Performs the scenario on the savers under test and in memory: where a user could see a difference. */
export async function differencesFromMemory(
  { open, thread }: Pick<CaseContext, "open" | "thread">,
  scenario: Scenario,
  { inMemory = scenario, everyRead = false, racing = false }: Comparison = {},
): Promise<readonly Difference[]> {
  let calls = 0;
  const memory = new ReferenceSaver();
  const counting = (): BaseCheckpointSaver => {
    calls += 1;
    return memory;
  };
  const expected = await perform(inMemory, counting, thread("reference"), racing);
  // A program is told which savers to use before it can wait for them.
  const savers = await Promise.all(Array.from({ length: calls }, () => open()));
  const found: Difference[] = [];
  const beside = new ReferenceSaver();
  const next = (): BaseCheckpointSaver => {
    const saver = savers.shift();
    assert(saver !== undefined, `the scenario makes more calls than the ${calls} that it made in memory`);
    return everyRead ? new ComparedSaver(saver, beside, found) : saver;
  };
  const actual = await perform(scenario, next, thread(), racing);
  return [...differences(actual, expected), ...found];
}

/** Performs the scenario on the savers under test and on `MemorySaver`, and fails where a user could see a difference. */
export async function assertAsInMemory(context: CaseContext, scenario: Scenario, comparison?: Comparison): Promise<void> {
  const found = await differencesFromMemory(context, scenario, comparison);
  const excuses = inFavour.filter(({ capability }) => supportOf(context.target, capability) === true);
  const unexcused = found.filter((difference) => !excuses.some(({ covers }) => covers(difference)));
  if (unexcused.length === 0) return;
  const lines = unexcused
    .slice(0, 5)
    .map(({ path, actual, expected }) => `${path}: ${show(actual)} instead of ${show(expected)}`);
  assert.fail(`what the saver shows differs from MemorySaver in ${unexcused.length} places:\n${lines.join("\n")}`);
}

/** What a call gave, or how it failed. */
export const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => ({ failed: error instanceof Error ? { name: error.name, message: error.message } : error }));

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
