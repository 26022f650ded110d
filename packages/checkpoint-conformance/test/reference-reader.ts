import { isDeepStrictEqual } from "node:util";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  type BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  TASKS,
} from "@langchain/langgraph-checkpoint";
import type { ReferenceOptions } from "./reference-connection.js";
import { namespaceOf, optionalId, threadOf } from "./reference-ids.js";
import { inTaskOrder, type ReferenceStore, type Row, type ThreadRows, type WriteRow } from "./reference-store.js";
import { ReferenceValues } from "./reference-values.js";

const PAGE = 100;
/** On the config of a tuple, how it was asked for; a run hands it on to its puts. */
export const READ_AS: unique symbol = Symbol("read as");
export interface ReadAs {
  readonly id: string;
  readonly isHead: boolean;
}

/** Reading: the latest, one by its id, lists, and what delta channels are made of. */
export abstract class ReferenceReader extends ReferenceValues {
  /** Whether a run is refused whose head has moved. */
  protected readonly rejects: boolean;
  protected readonly lives = new WeakMap<object, Map<string, ThreadRows | undefined>>();

  constructor(store?: ReferenceStore, options: ReferenceOptions = {}) {
    super(store, options);
    this.rejects = options.onConflict === "reject";
  }

  protected keyOf(ns: string, id: string): string {
    return JSON.stringify([ns, id]);
  }

  /** In which life of a thread a run is: a subgraph's first checkpoint names nothing that is stored. */
  protected noteLife(config: RunnableConfig, thread: string): void {
    if (!this.isOfARun(config)) return;
    const { writer } = config as { readonly writer: object };
    this.lives.set(writer, (this.lives.get(writer) ?? new Map()).set(thread, this.store.threads.get(thread)));
  }

  protected lifeOf(config: RunnableConfig, thread: string): ThreadRows | undefined {
    return this.isOfARun(config) ? this.lives.get((config as { readonly writer: object }).writer)?.get(thread) : undefined;
  }

  /** LangGraph gives each run a writer, which its subgraphs have, too. */
  protected isOfARun(config: RunnableConfig): boolean {
    return "writer" in config;
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { configurable = {} } = config;
    if (configurable.thread_id === undefined && !this.isOfARun(config)) return undefined;
    const thread = threadOf(configurable.thread_id);
    const ns = namespaceOf(configurable.checkpoint_ns);
    const id = optionalId(configurable.checkpoint_id);
    this.request();
    const head = this.headOf(thread, ns);
    const row = id === undefined ? head : this.store.threads.get(thread)?.rows.get(this.keyOf(ns, id));
    if (ns === "") this.noteLife(config, thread);
    if (row === undefined) return undefined;
    const tuple = await this.tupleOf(row);
    if (!this.rejects) return tuple;
    const read: ReadAs = { id: row.id, isHead: id === undefined };
    return { ...tuple, config: { configurable: { ...tuple.config.configurable, [READ_AS]: read } } };
  }

  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const { configurable = {} } = config ?? {};
    const thread = configurable.thread_id === undefined ? undefined : threadOf(configurable.thread_id);
    const ns = configurable.checkpoint_ns === undefined ? undefined : namespaceOf(configurable.checkpoint_ns);
    const id = optionalId(configurable.checkpoint_id);
    const before = optionalId(options.before?.configurable?.checkpoint_id);
    this.request();
    const { filter = {}, limit = Number.POSITIVE_INFINITY } = options;
    const selected = this.store
      .allRows()
      .filter((row) => thread === undefined || this.isInThread(row, thread))
      .filter((row) => (ns === undefined || row.ns === ns) && (id === undefined || row.id === id))
      .filter((row) => before === undefined || this.isBefore(row, before))
      .filter((row) => this.matches(JSON.parse(row.metadata) as Record<string, unknown>, filter))
      .sort((a, b) => this.compare(b, a));
    for (const [n, row] of selected.entries()) {
      if (n >= limit) return;
      if (n > 0 && n % PAGE === 0) this.request();
      yield await this.tupleOf(row);
    }
  }

  protected isInThread(row: Row, thread: string): boolean {
    return row.thread === thread;
  }

  /** The order of commits. */
  protected compare(a: Row, b: Row): number {
    return a.commit - b.commit;
  }

  protected headOf(thread: string, ns: string): Row | undefined {
    const rows = [...(this.store.threads.get(thread)?.rows.values() ?? [])].filter((row) => row.ns === ns);
    return rows.sort((a, b) => this.compare(b, a))[0];
  }

  /** Whether the row was committed before the checkpoint `id` of its thread, or made on one that was. */
  protected isBefore(row: Row, id: string): boolean {
    const known = [...(this.store.threads.get(row.thread)?.rows.values() ?? [])].find((each) => each.id === id);
    if (known === undefined) return row.id < id;
    if (known.ns === row.ns) return this.compare(row, known) < 0;
    const { parents = {} } = JSON.parse(row.metadata) as CheckpointMetadata;
    const base = this.store.threads.get(row.thread)?.rows.get(this.keyOf(known.ns, parents[known.ns] ?? ""));
    return this.compare(base ?? row, known) < 0;
  }

  /** Equal, key by key: what is asked for contains no more and no less. */
  protected matches(metadata: Readonly<Record<string, unknown>>, filter: Readonly<Record<string, unknown>>): boolean {
    return Object.entries(filter).every(([key, value]) => {
      if (value === undefined || !Object.hasOwn(metadata, key)) return false;
      return isDeepStrictEqual(metadata[key], JSON.parse(JSON.stringify(value)));
    });
  }

  protected async tupleOf(row: Row): Promise<CheckpointTuple> {
    const at = (id: string) => ({ configurable: { thread_id: row.thread, checkpoint_ns: row.ns, checkpoint_id: id } });
    const values: [string, unknown][] = [];
    for (const [channel, kept] of row.values) values.push([channel, await this.read(kept)]);
    const versions = structuredClone(row.versions) as Checkpoint["channel_versions"];
    const checkpoint = {
      ...structuredClone(row.frame),
      channel_values: Object.fromEntries(values),
      channel_versions: versions,
    } as unknown as Checkpoint;
    if (checkpoint.v < 4 && row.parent !== undefined) {
      const writes = await this.pendingWrites(row.thread, row.ns, row.parent);
      checkpoint.channel_values[TASKS] = writes.filter(([, channel]) => channel === TASKS).map(([, , value]) => value);
      versions[TASKS] = Math.max(0, ...Object.values(versions).map(Number));
    }
    return {
      config: at(row.id),
      checkpoint,
      metadata: JSON.parse(row.metadata) as CheckpointMetadata,
      pendingWrites: await this.pendingWrites(row.thread, row.ns, row.id),
      ...(row.parent === undefined ? {} : { parentConfig: at(row.parent) }),
    };
  }

  /** In the order of arrival; those with a path, the empty one included, after them in that of the tasks. */
  protected orderWrites(writes: readonly WriteRow[]): WriteRow[] {
    return [
      ...writes.filter(({ path }) => path === undefined),
      ...writes.filter(({ path }) => path !== undefined).sort(inTaskOrder),
    ];
  }

  protected writesOf(thread: string, ns: string, id: string): WriteRow[] {
    return [...(this.store.threads.get(thread)?.writes.get(this.keyOf(ns, id))?.values() ?? [])];
  }

  protected async pendingWrites(thread: string, ns: string, id: string): Promise<CheckpointPendingWrite[]> {
    const read: CheckpointPendingWrite[] = [];
    for (const { task, channel, value } of this.orderWrites(this.writesOf(thread, ns, id))) {
      read.push([task, channel, await this.read(value)]);
    }
    return read;
  }

  override async getDeltaChannelHistory({
    config,
    channels,
  }: Parameters<BaseCheckpointSaver["getDeltaChannelHistory"]>[0]): ReturnType<BaseCheckpointSaver["getDeltaChannelHistory"]> {
    const { configurable = {} } = config;
    const thread = threadOf(configurable.thread_id);
    const ns = namespaceOf(configurable.checkpoint_ns);
    const id = optionalId(configurable.checkpoint_id);
    if (channels.length === 0) return {};
    this.request();
    const histories: [string, Awaited<ReturnType<BaseCheckpointSaver["getDeltaChannelHistory"]>>[string]][] = [];
    for (const channel of channels) {
      const rowOf = (key: string | undefined): Row | undefined =>
        key === undefined ? undefined : this.store.threads.get(thread)?.rows.get(this.keyOf(ns, key));
      let row = rowOf((id === undefined ? this.headOf(thread, ns) : rowOf(id))?.parent);
      const found: WriteRow[] = [];
      while (row !== undefined) {
        found.unshift(
          ...this.writesOf(thread, ns, row.id)
            .filter((write) => write.channel === channel)
            .sort(inTaskOrder),
        );
        if (row.values.has(channel)) break;
        row = rowOf(row.parent);
      }
      const writes: CheckpointPendingWrite[] = [];
      for (const { task, value } of found) writes.push([task, channel, await this.read(value)]);
      const seed = row?.values.get(channel);
      histories.push([channel, seed === undefined ? { writes } : { writes, seed: await this.read(seed) }]);
    }
    return Object.fromEntries(histories);
  }
}
