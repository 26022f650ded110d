import type { RunnableConfig } from "@langchain/core/runnables";
import type { Checkpoint, CheckpointMetadata, PendingWrite } from "@langchain/langgraph-checkpoint";
import type { Lease, LeasingSaver } from "../src/leasing-saver.js";
import { idOf, namespaceOf, optionalId, threadOf } from "./reference-ids.js";
import { ReferenceLeaser } from "./reference-leaser.js";
import { READ_AS, type ReadAs } from "./reference-reader.js";
import { type Kept, ReferenceSaverError, type Row, type ThreadRows, type WriteRow } from "./reference-store.js";

type Versions = Checkpoint["channel_versions"];

const SPECIAL = new Set(["__error__", "__scheduled__", "__interrupt__", "__resume__"]);

/** What there is to say about a put before it is committed. */
export interface PreparedPut {
  readonly thread: string;
  readonly ns: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly token: string | undefined;
  readonly metadata: CheckpointMetadata;
  readonly frame: Readonly<Record<string, unknown>>;
  readonly versions: Versions;
  readonly newVersions: Versions;
  readonly given: ReadonlyMap<string, Kept>;
  readonly config: RunnableConfig;
}

/**
 * The contract, in memory and as simple as it gets: what the suite passes on. Every decision is a method, so that a test can break one at a time.
 * Reading and leases are in the classes that this one is made of; here is what writes.
 */
export class ReferenceSaver extends ReferenceLeaser implements LeasingSaver {
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: Versions = {},
  ): Promise<RunnableConfig> {
    const { configurable = {} } = config;
    const { channel_values: values, channel_versions: versions, ...frame } = checkpoint;
    const thread = threadOf(configurable.thread_id);
    const input = {
      thread,
      ns: namespaceOf(configurable.checkpoint_ns),
      id: idOf(checkpoint.id),
      parent: optionalId(configurable.checkpoint_id),
      token: this.tokenOf(configurable, thread),
      metadata: JSON.parse(this.metadataText(metadata)) as CheckpointMetadata,
      frame: structuredClone(frame),
      versions: structuredClone(versions),
      newVersions: { ...newVersions },
      config,
    };
    const given = await this.keepAll(Object.entries(values));
    this.request();
    this.commit({ ...input, given: new Map(given) });
    if (input.ns === "") this.noteLife(config, thread);
    return { configurable: { thread_id: thread, checkpoint_ns: input.ns, checkpoint_id: input.id } };
  }

  /** All of a put that changes the store; nothing comes between its parts. */
  protected commit(put: PreparedPut): void {
    this.checkFence(put.thread, put.token);
    this.checkTombstone(put);
    this.checkHead(put);
    const rows = this.store.thread(put.thread);
    const key = this.keyOf(put.ns, put.id);
    const old = rows.rows.get(key);
    rows.rows.set(key, {
      thread: put.thread,
      ns: put.ns,
      id: put.id,
      parent: put.parent === put.id && old !== undefined ? old.parent : put.parent,
      frame: put.frame,
      versions: put.versions,
      values: this.valuesOf(put, rows),
      metadata: JSON.stringify(put.metadata),
      commit: this.commitNumber(old),
    });
  }

  /** A checkpoint that is put again keeps its place. */
  protected commitNumber(old: Row | undefined): number {
    return old?.commit ?? this.store.nextCommit();
  }

  protected valuesOf(
    { given, metadata, newVersions, ns, parent: parentId, versions }: PreparedPut,
    rows: ThreadRows,
  ): Map<string, Kept> {
    if (metadata.source === "fork") return new Map(given);
    const parent = parentId === undefined ? undefined : rows.rows.get(this.keyOf(ns, parentId));
    const values = new Map<string, Kept>();
    for (const channel of new Set([...Object.keys(versions), ...given.keys()])) {
      const carries =
        parent !== undefined && Object.hasOwn(parent.versions, channel) && parent.versions[channel] === versions[channel];
      let value: Kept | undefined;
      if (Object.hasOwn(newVersions, channel)) value = given.get(channel);
      else if (carries) value = parent.values.get(channel);
      else if (parentId !== undefined) value = given.get(channel);
      if (value !== undefined) values.set(channel, value);
    }
    return values;
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath?: string): Promise<void> {
    const { configurable = {} } = config;
    const thread = threadOf(configurable.thread_id);
    const ns = namespaceOf(configurable.checkpoint_ns);
    const id = idOf(configurable.checkpoint_id);
    const task = idOf(taskId, "task id");
    if (writes.length === 0) return;
    const token = this.tokenOf(configurable, thread);
    const values = await this.keepAll(writes);
    this.request();
    this.checkFence(thread, token);
    const key = this.keyOf(ns, id);
    if (this.store.threads.get(thread)?.rows.has(key) !== true && this.isTombstoned(thread, key)) {
      throw new ReferenceSaverError("threadDeleted", `The thread ${thread} was deleted.`);
    }
    const all = this.store.thread(thread).writes;
    const known = all.get(key) ?? new Map<string, WriteRow>();
    all.set(key, known);
    for (const [position, [channel, value]] of values.entries()) {
      const place = this.placeOfWrite(task, channel, position);
      if (known.has(place) && !this.replaces(channel)) continue;
      known.set(place, { task, channel, position, path: taskPath, value });
    }
  }

  protected placeOfWrite(task: string, channel: string, position: number): string {
    return JSON.stringify(SPECIAL.has(channel) ? [task, channel] : [task, position]);
  }

  /** Whether a second write takes the place of the first. */
  protected replaces(channel: string): boolean {
    return SPECIAL.has(channel);
  }

  override async deleteThread(threadId: string, { lease }: { readonly lease?: Lease } = {}): Promise<void> {
    const thread = threadOf(threadId);
    this.request();
    this.checkFence(thread, lease?.token);
    this.remove(thread);
  }

  protected remove(thread: string): void {
    const { rows } = this.store.threads.get(thread) ?? {};
    const buried = this.store.tombstones.get(thread) ?? new Set<string>();
    for (const key of rows?.keys() ?? []) buried.add(key);
    this.store.tombstones.set(thread, buried);
    this.store.threads.delete(thread);
    this.store.leases.delete(thread);
  }

  protected isTombstoned(thread: string, key: string): boolean {
    return this.store.tombstones.get(thread)?.has(key) === true;
  }

  /** What goes on from a checkpoint of the deleted thread is late, and so is what goes on from that. */
  protected checkTombstone({ thread, ns, id, parent, metadata, config }: PreparedPut): void {
    const rows = this.store.threads.get(thread)?.rows;
    const bases = Object.entries({ ...metadata.parents, ...(parent === undefined ? {} : { [ns]: parent }) });
    const isGone = bases.some(
      ([of, base]) => !rows?.has(this.keyOf(of, base)) && this.isTombstoned(thread, this.keyOf(of, base)),
    );
    const life = parent === undefined ? this.lifeOf(config, thread) : undefined;
    if (!isGone && (life === undefined || life === this.store.threads.get(thread))) return;
    const key = this.keyOf(ns, id);
    this.store.tombstones.get(thread)?.add(key);
    const left = this.store.threads.get(thread);
    left?.writes.delete(key);
    if (left?.rows.size === 0 && left.writes.size === 0) this.store.threads.delete(thread);
    throw new ReferenceSaverError("threadDeleted", `The thread ${thread} was deleted.`);
  }

  /** With `onConflict: "reject"`, a put finds its parent as the head, unless the parent was named. */
  protected checkHead({ thread, ns, id, parent, metadata, config }: PreparedPut): void {
    if (!this.rejects || metadata.source === "fork" || this.store.threads.get(thread)?.rows.has(this.keyOf(ns, id))) return;
    const read = (config.configurable as { readonly [READ_AS]?: ReadAs } | undefined)?.[READ_AS];
    const isNamed = read === undefined ? !this.isOfARun(config) : read.id === parent && !read.isHead;
    if (parent !== undefined && isNamed) return;
    if (this.headOf(thread, ns)?.id === parent) return;
    throw new ReferenceSaverError("concurrentUpdate", `The head of ${thread} has moved.`);
  }
}
