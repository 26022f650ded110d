import { type RunnableConfig, RunnableLambda } from "@langchain/core/runnables";
import { type BaseCheckpointSaver, type CheckpointTuple, INTERRUPT } from "@langchain/langgraph-checkpoint";
import type { RunOutcome } from "../store/run-store.js";
import { isOrdinary, type OutcomeDetails } from "./run-outcome.js";
import { CHECKPOINTER_KEY, RunSaver } from "./run-saver.js";

/** What is read of a compiled graph in order to give an outcome again. */
export interface ReadableGraph {
  getState(config: RunnableConfig): Promise<ReadState>;
  readonly interruptBefore?: Breakpoints;
  readonly interruptAfter?: Breakpoints;
  readonly outputChannels?: Outputs;
  readonly streamChannelsAsIs?: Outputs;
  readonly streamMode?: unknown;
}

interface ReadState {
  readonly values: unknown;
  readonly tasks: readonly { readonly name: string }[];
  readonly parentConfig?: RunnableConfig;
}

/** Names of nodes, or all. */
type Breakpoints = readonly string[] | "*";

type Outputs = string | readonly string[];

/** What a run has come to, as a call returns it. */
export interface RunResult {
  readonly values: unknown;
  /** The questions that it stopped at, none at a breakpoint; `undefined` if it finished. */
  readonly interrupts: readonly unknown[] | undefined;
}

/** The options of a call that say in which form it returns values. */
export type Form = { readonly outputKeys?: Outputs; readonly streamMode?: unknown; readonly subgraphs?: boolean } | undefined;

/** @returns `undefined` when the checkpoint is not there any more: its run was taken out of the thread. */
export async function resultOf(
  graph: ReadableGraph,
  saver: BaseCheckpointSaver,
  threadId: string,
  { checkpointId, details }: RunOutcome,
): Promise<RunResult | undefined> {
  const { tasks, interrupts } = JSON.parse(details) as OutcomeDetails;
  const tuple = await saver.getTuple({ configurable: { thread_id: threadId, checkpoint_ns: "", checkpoint_id: checkpointId } });
  if (tuple === undefined) return undefined;
  const asItWas = {
    ...tuple,
    pendingWrites: tuple.pendingWrites?.filter(([task, channel]) => tasks.includes(task) && isOrdinary(channel)) ?? [],
  };
  const view = new SaverAt(saver, asItWas);
  const { values, tasks: next } = await graph.getState({ configurable: { thread_id: threadId, [CHECKPOINTER_KEY]: view } });
  const isStopped = next.length > 0;
  const questions: unknown = interrupts && (await saver.serde.loadsTyped(interrupts[0], Buffer.from(interrupts[1], "base64")));
  return { values, interrupts: (questions as unknown[] | undefined) ?? (isStopped ? [] : undefined) };
}

/** Whether a run that has come as far as this state stops there, at a breakpoint that the graph was compiled with. */
export async function isAtBreakpoint(graph: ReadableGraph, { tasks, parentConfig }: ReadState): Promise<boolean> {
  const { interruptBefore = [], interruptAfter = [] } = graph;
  const isAmong = (nodes: Breakpoints, of: ReadState["tasks"]): boolean =>
    of.some(({ name }) => nodes === "*" || nodes.includes(name));
  if (isAmong(interruptBefore, tasks)) return true;
  if (interruptAfter.length === 0 || parentConfig === undefined) return false;
  return isAmong(interruptAfter, (await graph.getState(parentConfig)).tasks);
}

/** Reads a thread as it was when a run ended: LangGraph itself applies the writes of tasks that had finished beside a question. */
class SaverAt extends RunSaver {
  readonly #tuple: CheckpointTuple;

  constructor(saver: BaseCheckpointSaver, tuple: CheckpointTuple) {
    super(saver);
    this.#tuple = tuple;
  }

  override getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    return config.configurable?.checkpoint_ns ? super.getTuple(config) : Promise.resolve(this.#tuple);
  }
}

/** What `invoke` returns for it. */
export function invoked(graph: ReadableGraph, result: RunResult, form: Form): unknown {
  const { streamMode = "values", outputKeys = graph.outputChannels } = form ?? {};
  if (streamMode !== "values") return [...streamed(graph, result, { ...form, streamMode, ...(outputKeys && { outputKeys }) })];
  const values = selected(result.values, outputKeys);
  return result.interrupts === undefined ? values : { ...(values as object), [INTERRUPT]: result.interrupts };
}

/** What `stream` yields for it: the final values and the questions, in the modes that have them. */
export function* streamed(graph: ReadableGraph, { values, interrupts }: RunResult, form: Form): Generator<unknown> {
  const { streamMode, outputKeys = graph.streamChannelsAsIs, subgraphs = false } = form ?? {};
  const isSingle = !Array.isArray(streamMode);
  const modes = [streamMode ?? graph.streamMode].flat();
  const chunk = (mode: string, content: unknown): unknown => {
    const parts = [...(subgraphs ? [[]] : []), ...(isSingle ? [] : [mode]), content];
    return parts.length === 1 ? content : parts;
  };
  if (modes.includes("values")) yield chunk("values", selected(values, outputKeys));
  for (const mode of ["updates", "values"]) {
    if (interrupts !== undefined && modes.includes(mode)) yield chunk(mode, { [INTERRUPT]: interrupts });
  }
}

/** The events of a call that has nothing to do but to return. */
export function eventsOf(output: unknown, config: RunnableConfig, rest: readonly unknown[]): AsyncIterable<unknown> {
  const returning = RunnableLambda.from(() => output).withConfig({ runName: config.runName ?? "LangGraph" });
  return returning.streamEvents({}, config as never, ...(rest as []));
}

/** The channels that a call returns. A graph of a single channel has that one's value as its state. */
function selected(values: unknown, outputs: Outputs | undefined): unknown {
  if (typeof values !== "object" || values === null || outputs === undefined) return values;
  if (typeof outputs === "string") return Object.hasOwn(values, outputs) ? Reflect.get(values, outputs) : values;
  return Object.fromEntries(Object.entries(values).filter(([channel]) => outputs.includes(channel)));
}
