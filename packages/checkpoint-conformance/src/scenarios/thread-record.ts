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

const identifiers = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|\bsession_[0-9a-f]{8}\b/g;

/** What a clock has told a program: a time, or how long a node took. */
const clockTimes = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|\belapsed: \d+ms/g;

/** What JSON would lose, under a key that names its kind; undefined for what it keeps. */
function tagged(item: unknown, inArray: boolean): unknown {
  if (item === undefined) return inArray ? { "<undefined>": true } : undefined;
  if (typeof item === "bigint") return { "<bigint>": String(item) };
  if (typeof item === "number" && !Number.isFinite(item)) return { "<number>": String(item) };
  if (item instanceof Date) return { "<Date>": Number.isNaN(item.getTime()) ? "invalid" : item.toISOString() };
  if (item instanceof Map) return { "<Map>": [...item] };
  if (item instanceof Set) return { "<Set>": [...item] };
  if (item instanceof RegExp || item instanceof URL) return { [`<${item.constructor.name}>`]: String(item) };
  if (ArrayBuffer.isView(item))
    return { [`<${item.constructor.name}>`]: Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString("hex") };
  if (item instanceof Error) return { name: item.name, message: item.message };
  return undefined;
}

/** The value as JSON shows it: messages, sends and errors as data, and what JSON has no form for by its kind. */
export const plain = (value: unknown): unknown => {
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key, item: unknown) {
    // JSON has called toJSON of `item`, of a date for one; what it was stands in its holder.
    const special = tagged(this[key], Array.isArray(this));
    if (special !== undefined) return special;
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
    return text === undefined
      ? value
      : JSON.parse(text.replaceAll(this.#thread, "<thread>").replace(clockTimes, "<time>").replace(identifiers, by));
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

export interface StoredCheckpoint extends Record<string, unknown> {
  readonly writes: readonly unknown[];
}

/** A checkpoint as the store has it, but for the numbers of versions, which a saver chooses. */
export function tupleRecord(tuple: CheckpointTuple): StoredCheckpoint {
  const all = Object.entries(tuple.checkpoint.channel_values).sort(([a], [b]) => (a < b ? -1 : 1));
  const valuesOf = (kind: (channel: string, value: unknown) => boolean): unknown =>
    plain(Object.fromEntries(all.filter(([channel, value]) => value !== undefined && kind(channel, value))));
  const written = valuesOfWrittenChannels(tuple.checkpoint);
  return {
    place: placeOf(tuple.config),
    parent: placeOf(tuple.parentConfig),
    metadata: plain(tuple.metadata),
    values: valuesOf((channel, value) => channel in written && !isDeltaSnapshot(value)),
    snapshots: valuesOf((_, value) => isDeltaSnapshot(value)),
    neverWritten: valuesOf((channel, value) => !(channel in written) && !isDeltaSnapshot(value)),
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
  // Their order goes by ids, which are other ones in every run: it is compared read by read, see ComparedSaver.
  const withSortedWrites = (stored: readonly StoredCheckpoint[]): StoredCheckpoint[] =>
    stored.map((checkpoint) => ({ ...checkpoint, writes: ids.sort(checkpoint.writes) }));
  const namespaces = ids.number(ids.sort([...byNamespace.values()].map(withSortedWrites)));
  // Now that every id has its number, writes that differ in nothing but their task's id have an order too.
  return { ...seen, stored: namespaces.map(withSortedWrites) };
}
