import type { RunnableConfig } from "@langchain/core/runnables";
import type { StateSnapshot } from "@langchain/langgraph";
import type { BaseCheckpointSaver, CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { isDeltaSnapshot } from "@langchain/langgraph-checkpoint";
import { address, collect } from "../checkpoints.js";
import { valuesOfWrittenChannels } from "../observed-saver.js";

/** What the suite asks of a compiled graph. */
export interface StatefulGraph {
  getState(config: RunnableConfig, options?: { subgraphs?: boolean }): Promise<StateSnapshot>;
  getStateHistory(config: RunnableConfig): AsyncIterable<StateSnapshot>;
}

const identifiers = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b/g;

/** The value as JSON shows it: messages, sends and errors as data. */
export const plain = (value: unknown): unknown => {
  const text = JSON.stringify(value, (_, item: unknown) => {
    if (item instanceof Error) return { name: item.name, message: item.message };
    if (typeof item === "object" && item !== null && "lg_name" in item && item.lg_name === "Send")
      return { ...item, lg_name: undefined };
    return item;
  });
  return text === undefined ? undefined : JSON.parse(text);
};

/** Replaces every id by its number in order of appearance, so that two runs of one program read alike. */
class IdNumbers {
  readonly #thread: string;
  readonly #numbers = new Map<string, string>();

  constructor(thread: string) {
    this.#thread = thread;
  }

  /** Numbers the ids that are new. */
  number<T>(value: T): T {
    return this.#replace(value, (id) => {
      const number = this.#numbers.get(id) ?? `<${this.#numbers.size + 1}>`;
      this.#numbers.set(id, number);
      return number;
    });
  }

  /** Sorts by what is known: ids that have no number yet do not count. */
  sort<T>(items: readonly T[]): T[] {
    const keyed = items.map(
      (item) => [JSON.stringify(this.#replace(item, (id) => this.#numbers.get(id) ?? "<?>")), item] as const,
    );
    return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);
  }

  #replace<T>(value: T, by: (id: string) => string): T {
    const text = JSON.stringify(value);
    return text === undefined ? value : JSON.parse(text.replaceAll(this.#thread, "<thread>").replace(identifiers, by));
  }
}

const placeOf = (config: RunnableConfig | undefined): unknown => {
  const { checkpoint_ns: ns, checkpoint_id: id, checkpoint_map: map } = config?.configurable ?? {};
  return config === undefined ? undefined : { ns, id, map };
};

/** A state of a graph, as far as it is the same in every run. */
export function snapshotRecord(snapshot: StateSnapshot): Record<string, unknown> {
  return {
    config: placeOf(snapshot.config),
    parent: placeOf(snapshot.parentConfig),
    values: plain(snapshot.values),
    next: snapshot.next,
    metadata: plain(snapshot.metadata),
    tasks: snapshot.tasks.map((task) => ({
      ...(plain({ ...task, state: undefined }) as object),
      state: isSnapshot(task.state) ? snapshotRecord(task.state) : placeOf(task.state),
    })),
  };
}

const isSnapshot = (state: StateSnapshot["tasks"][number]["state"]): state is StateSnapshot =>
  state !== undefined && "values" in state;

interface StoredCheckpoint extends Record<string, unknown> {
  readonly writes: readonly unknown[];
}

/**
 * A checkpoint as the store has it. Left out is what a saver may do in its own way: version numbers, the order in which parallel tasks'
 * writes arrived, a delta channel's snapshot, which may carry over, and the defaults of channels that were never written.
 */
function tupleRecord(tuple: CheckpointTuple): StoredCheckpoint {
  const written = Object.entries(valuesOfWrittenChannels(tuple.checkpoint));
  const values = written.filter(([, value]) => value !== undefined && !isDeltaSnapshot(value));
  return {
    place: placeOf(tuple.config),
    parent: placeOf(tuple.parentConfig),
    metadata: plain(tuple.metadata),
    values: plain(Object.fromEntries(values.sort(([a], [b]) => (a < b ? -1 : 1)))),
    writes: (tuple.pendingWrites ?? []).map(plain),
  };
}

/**
 * All that a user can see of a thread, oldest first: the history of the graph, each state of it with its subgraphs, the latest state, and
 * every checkpoint of every namespace; with `results`, what its program was told meanwhile. Ids are numbered, so that the records of two runs of one program can be compared.
 */
export async function threadRecord(
  saver: BaseCheckpointSaver,
  graph: StatefulGraph,
  thread: string,
  results: readonly unknown[],
): Promise<unknown> {
  const history = (await collect(graph.getStateHistory(address(thread)))).reverse();
  const states: StateSnapshot[] = [];
  for (const { config } of history) states.push(await graph.getState(config, { subgraphs: true }));
  const latest = await graph.getState(address(thread), { subgraphs: true });
  const byNamespace = new Map<unknown, StoredCheckpoint[]>();
  for (const tuple of (await collect(saver.list(address(thread)))).reverse()) {
    const ns = tuple.config.configurable?.checkpoint_ns;
    byNamespace.set(ns, [...(byNamespace.get(ns) ?? []), tupleRecord(tuple)]);
  }
  const ids = new IdNumbers(thread);
  const seen = ids.number({
    results,
    history: history.map(snapshotRecord),
    states: states.map(snapshotRecord),
    latest: snapshotRecord(latest),
  });
  const withSortedWrites = (stored: readonly StoredCheckpoint[]): StoredCheckpoint[] =>
    stored.map((checkpoint) => ({ ...checkpoint, writes: ids.sort(checkpoint.writes) }));
  const namespaces = ids.number(ids.sort([...byNamespace.values()].map(withSortedWrites)));
  // Now that every id has its number, writes that differ in nothing but their task's id have an order too.
  return { ...seen, stored: namespaces.map(withSortedWrites) };
}
