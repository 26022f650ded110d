import type { RunnableConfig } from "@langchain/core/runnables";
import { Command, isInterrupted, type StateSnapshot } from "@langchain/langgraph";
import { type BaseCheckpointSaver, INTERRUPT } from "@langchain/langgraph-checkpoint";
import { plainValue } from "../written-values.js";
import { type GraphInput, historyGraph } from "./graph.js";
import type { GraphAction } from "./graph-motifs.js";
import type { RunsOptions } from "./hand-made-runs.js";
import type { GraphCall, GraphValues } from "./history.js";
import { recordingSaver } from "./recording-saver.js";

type Of<Name extends GraphAction["do"]> = Extract<GraphAction, { readonly do: Name }>;

/** Calls of a graph, by one process. */
export class GraphRuns {
  readonly #options: RunsOptions;
  /** Per thread, checkpoints of its root graph. */
  readonly #knownIds = new Map<string, string[]>();
  #marks = 0;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Another program begins. */
  forget(): void {
    this.#knownIds.clear();
  }

  async turn({ thread, run, which, durability, asks, pieces }: Of<"run a graph">): Promise<void> {
    const mark = this.#mark();
    const input = { turn: { mark, asks, pieces } };
    await this.#call({ thread, mark, how: "turn", ...this.#at(thread, which) }, run, (graph, config) =>
      graph.invoke(input, { ...config, durability }),
    );
  }

  /** Answers questions of the latest checkpoint, or goes on with what it has left to do. */
  async resume({ thread, run, durability, answers: most }: Of<"resume">): Promise<void> {
    const state = await this.look(thread, undefined);
    if (state === undefined || state.next.length === 0) return;
    const mark = this.#mark();
    const asked = state.tasks.flatMap(({ interrupts }) => interrupts).slice(0, most);
    const answers = Object.fromEntries(asked.map(({ value }) => [String(value), `${value}=${mark}`]));
    const resume = Object.fromEntries(asked.map(({ id, value }) => [String(id), answers[String(value)]]));
    const goesOn = asked.length === 0;
    const input: GraphInput = goesOn ? null : new Command({ resume });
    const call = { thread, mark, ...(goesOn ? { how: "go on" as const } : { how: "resume" as const, answers }) };
    await this.#call(call, run, (graph, config) => graph.invoke(input, { ...config, durability }));
  }

  async update({ thread, run, which }: Of<"update the state">): Promise<void> {
    const mark = this.#mark();
    const entry = `${mark}|update`;
    await this.#call({ thread, mark, how: "update", ...this.#at(thread, which) }, run, async (graph, config) => {
      await graph.updateState(config, { turn: { mark, asks: 0, pieces: 0 }, log: [entry], delta: [entry] }, "end");
      return undefined;
    });
  }

  async look(thread: string, which: number | undefined): Promise<StateSnapshot | undefined> {
    const { recorder } = this.#options;
    const at = this.#at(thread, which);
    return recorder.call(
      { kind: "state", thread, ...at },
      () => historyGraph(this.#saver(thread, "")).getState(this.#config(thread, at.at)),
      ({ config, metadata, values, tasks }) => ({
        // Without metadata, there is no such checkpoint.
        ...(metadata !== undefined && { id: String(config.configurable?.checkpoint_id) }),
        values: graphValues(values),
        questions: tasks.flatMap(({ name, interrupts }) => interrupts.map(({ value }) => [name, String(value)])),
      }),
    );
  }

  async #call(
    asked: Pick<GraphCall, "thread" | "mark" | "how" | "answers" | "at">,
    run: number,
    call: (graph: ReturnType<typeof historyGraph>, config: RunnableConfig) => Promise<unknown>,
  ): Promise<void> {
    const { recorder, leaseOf, names } = this.#options;
    const { thread, mark, at } = asked;
    const label = names().label(run);
    const lease = leaseOf(thread);
    const saver = this.#saver(thread, label, mark, lease?.token);
    const config = this.#config(thread, at);
    await recorder.call(
      { kind: "graph call", ...asked },
      () =>
        call(historyGraph(saver), {
          configurable: { ...lease?.config.configurable, ...config.configurable },
          metadata: { run_id: label },
        }),
      (result) => {
        if (result === undefined) return {};
        if (!isInterrupted<string>(result)) return { values: graphValues(result) };
        return { questions: result[INTERRUPT].map(({ value }) => value) };
      },
    );
  }

  #saver(thread: string, run: string, mark?: string, token?: string): BaseCheckpointSaver {
    const { recorder, names, saver, isRejecting } = this.#options;
    const note = (id: string): void => {
      const ids = this.#knownIds.get(thread) ?? [];
      if (!ids.includes(id)) this.#knownIds.set(thread, [...ids, id]);
    };
    return recordingSaver(saver(), {
      recorder,
      names: names(),
      thread,
      run,
      token,
      isRejecting,
      note,
      ...(mark !== undefined && { mark }),
    });
  }

  #config(thread: string, at: string | undefined): RunnableConfig {
    return { configurable: { thread_id: this.#options.names().id(thread), ...(at !== undefined && { checkpoint_id: at }) } };
  }

  /** @param which one of the checkpoints that are known. Default: the latest. */
  #at(thread: string, which: number | undefined): { readonly at?: string } {
    const ids = this.#knownIds.get(thread) ?? [];
    const at = which === undefined ? undefined : ids[which % Math.max(1, ids.length)];
    return at === undefined ? {} : { at };
  }

  #mark(): string {
    this.#marks += 1;
    return `${this.#options.name} graph ${this.#marks}`;
  }
}

function graphValues(values: unknown): GraphValues {
  const { turn, log = [], delta = [] } = plainValue(values) as Partial<GraphValues>;
  return { log, delta, ...(turn !== undefined && { turn }) };
}
