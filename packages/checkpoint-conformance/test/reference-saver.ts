import { isDeepStrictEqual } from "node:util";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  type PendingWrite,
  type SerializerProtocol,
  TASKS,
} from "@langchain/langgraph-checkpoint";
import type { Abandoned, Lease, LeaseOptions, LeasingSaver } from "../src/leasing-saver.js";
import { copyOf, jsonOf, NotKeptError } from "./kept-value.js";
import { aWhile, ReferenceLease, TOKENS } from "./reference-lease.js";
import {
  inTaskOrder,
  type Kept,
  ReferenceSaverError,
  ReferenceStore,
  type Row,
  type ThreadRows,
  type WriteRow,
} from "./reference-store.js";

type Configurable = Readonly<Record<string | symbol, unknown>>;
type Versions = Checkpoint["channel_versions"];

const SPECIAL = new Set(["__error__", "__scheduled__", "__interrupt__", "__resume__"]);
const PAGE = 100;
/** On the config of a tuple that was read as the head of its thread; a run hands it on to its puts. */
const READ_AS_HEAD = Symbol("read as head");

const isWellFormed = (text: unknown, most: number): text is string =>
  typeof text === "string" && text.isWellFormed() && !text.includes("\0") && Buffer.byteLength(text) <= most;

/** @throws ReferenceSaverError */
function threadOf(id: unknown): string {
  if (id === undefined) {
    throw new ReferenceSaverError("missingThreadId", 'A thread_id is missing: { configurable: { thread_id: "1" } }');
  }
  const text = typeof id === "bigint" || Number.isSafeInteger(id) ? String(id) : id;
  if (!isWellFormed(text, 1_024) || text === "") throw new ReferenceSaverError("invalidThreadId", "That is no thread id.");
  return text;
}

/** @throws ReferenceSaverError */
function namespaceOf(ns: unknown = ""): string {
  if (!isWellFormed(ns, 1_536)) throw new ReferenceSaverError("invalidConfig", "That is no namespace.");
  return ns;
}

/** @throws ReferenceSaverError */
function idOf(id: unknown, what = "checkpoint id"): string {
  if (!isWellFormed(id, 256) || id === "") throw new ReferenceSaverError("invalidConfig", `That is no ${what}.`);
  return id;
}

/** An empty checkpoint id means none. */
const optionalId = (id: unknown): string | undefined => (id === undefined || id === "" ? undefined : idOf(id));

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
  readonly config: Configurable;
}

export interface ReferenceOptions {
  readonly serde?: SerializerProtocol | undefined;
  readonly onConflict?: "fork" | "reject" | undefined;
}

/**
 * The contract, in memory and as simple as it gets: what the suite passes on. Every decision is a method, so that a test can break one at a time.
 */
export class ReferenceSaver extends BaseCheckpointSaver implements LeasingSaver {
  readonly store: ReferenceStore;
  readonly #serde: SerializerProtocol | undefined;
  readonly #rejects: boolean;
  requests = 0;
  #isClosed = false;
  /** As long as it is the store's number of cuts, the saver is connected. */
  #connection: number;

  constructor(store: ReferenceStore = new ReferenceStore(), { serde, onConflict }: ReferenceOptions = {}) {
    super(serde);
    this.store = store;
    this.#connection = store.cuts;
    this.#serde = serde;
    this.#rejects = onConflict === "reject";
  }

  async setup(): Promise<void> {
    this.store.isSetUp = true;
  }

  async end(): Promise<void> {
    this.#isClosed = true;
  }

  // --- writing

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
      config: configurable,
    };
    const given = await this.keepAll(Object.entries(values));
    this.request();
    this.commit({ ...input, given: new Map(given) });
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

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath = ""): Promise<void> {
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
  }

  protected isTombstoned(thread: string, key: string): boolean {
    return this.store.tombstones.get(thread)?.has(key) === true;
  }

  /** What goes on from a checkpoint of the deleted thread is late, and so is what goes on from that. */
  protected checkTombstone({ thread, ns, id, parent, metadata }: PreparedPut): void {
    const rows = this.store.threads.get(thread)?.rows;
    const bases = Object.entries({ ...metadata.parents, ...(parent === undefined ? {} : { [ns]: parent }) });
    const isGone = bases.some(
      ([of, base]) => !rows?.has(this.keyOf(of, base)) && this.isTombstoned(thread, this.keyOf(of, base)),
    );
    if (!isGone) return;
    const key = this.keyOf(ns, id);
    this.store.tombstones.get(thread)?.add(key);
    const left = this.store.threads.get(thread);
    left?.writes.delete(key);
    if (left?.rows.size === 0 && left.writes.size === 0) this.store.threads.delete(thread);
    throw new ReferenceSaverError("threadDeleted", `The thread ${thread} was deleted.`);
  }

  /** With `onConflict: "reject"`, a run that began at the head finds it there. */
  protected checkHead({ thread, ns, id, parent, metadata, config }: PreparedPut): void {
    if (!this.#rejects || metadata.source === "fork" || this.store.threads.get(thread)?.rows.has(this.keyOf(ns, id))) return;
    if (parent !== undefined && config[READ_AS_HEAD] !== parent) return;
    if (this.headOf(thread, ns)?.id === parent) return;
    throw new ReferenceSaverError("concurrentUpdate", `The head of ${thread} has moved.`);
  }

  // --- reading

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { configurable = {} } = config;
    if (configurable.thread_id === undefined) return undefined;
    const thread = threadOf(configurable.thread_id);
    const ns = namespaceOf(configurable.checkpoint_ns);
    const id = optionalId(configurable.checkpoint_id);
    this.request();
    const head = this.headOf(thread, ns);
    const row = id === undefined ? head : this.store.threads.get(thread)?.rows.get(this.keyOf(ns, id));
    if (row === undefined) return undefined;
    const tuple = await this.tupleOf(row);
    if (!this.#rejects || id !== undefined) return tuple;
    return { ...tuple, config: { configurable: { ...tuple.config.configurable, [READ_AS_HEAD]: row.id } } };
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
    const versions = structuredClone(row.versions) as Versions;
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

  /** In the order of arrival, and those with a path after them in that of the tasks. */
  protected orderWrites(writes: readonly WriteRow[]): WriteRow[] {
    return [...writes.filter(({ path }) => path === ""), ...writes.filter(({ path }) => path !== "").sort(inTaskOrder)];
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

  // --- leases

  async acquireThread(threadId: string, options: LeaseOptions = {}): Promise<Lease> {
    const thread = threadOf(threadId);
    const { ttlMs = 30_000, waitMs = 0, owner = "somebody", signal } = options;
    if (!Number.isInteger(ttlMs) || ttlMs < 1 || !(waitMs >= 0) || owner === "") {
      throw new ReferenceSaverError("invalidConfig", "That cannot be a lease.");
    }
    signal?.throwIfAborted();
    this.request();
    const deadline = performance.now() + waitMs;
    const queue = this.store.queues.get(thread) ?? [];
    this.store.queues.set(thread, queue);
    const ticket = {};
    queue.push(ticket);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const current = this.liveLease(thread);
        if (current === undefined && queue[0] === ticket) return this.grant(thread, ttlMs, owner);
        if (performance.now() >= deadline) {
          throw new ReferenceSaverError("threadBusy", `${thread} is in use by ${current?.owner ?? "those who wait"}.`);
        }
        await aWhile();
      }
    } finally {
      queue.splice(queue.indexOf(ticket), 1);
    }
  }

  protected liveLease(thread: string) {
    const lease = this.store.leases.get(thread);
    return lease?.until !== undefined && lease.until > performance.now() ? lease : undefined;
  }

  protected grant(thread: string, ttlMs: number, owner: string): Lease {
    const before = this.store.leases.get(thread);
    const token = this.nextToken(thread);
    const tries = before?.until === undefined ? 0 : before.tries + 1;
    this.store.leases.set(thread, { token, owner, until: performance.now() + ttlMs, tries });
    return new ReferenceLease(thread, token, ttlMs, {
      renew: () => {
        const lease = this.liveLease(thread);
        if (lease?.token !== token) return false;
        lease.until = performance.now() + ttlMs;
        return true;
      },
      release: () => this.release(thread, token),
    });
  }

  protected nextToken(_thread: string): bigint {
    return this.store.nextToken();
  }

  /** Only the lease that is meant: another one may have taken its place. */
  protected release(thread: string, token: bigint): void {
    if (this.store.leases.get(thread)?.token === token) this.store.leases.delete(thread);
  }

  protected tokenOf(configurable: Configurable, thread: string): string | undefined {
    const tokens = configurable[TOKENS] as Readonly<Record<string, string>> | undefined;
    return tokens !== undefined && Object.hasOwn(tokens, thread) ? tokens[thread] : undefined;
  }

  /** While a lease is live, only its token writes; a token that is not that of the live lease writes nothing. */
  protected checkFence(thread: string, token: string | undefined): void {
    const lease = this.liveLease(thread);
    if (token !== undefined && `${lease?.token}` !== token) {
      throw new ReferenceSaverError("leaseLost", `The lease of ${thread} is lost.`);
    }
    if (token === undefined && lease !== undefined) {
      throw new ReferenceSaverError("threadBusy", `${thread} is in use by ${lease.owner}.`);
    }
  }

  async *abandonedThreads({ olderThanMs = 0, ttlMs = 30_000 } = {}): AsyncGenerator<Abandoned> {
    this.request();
    for (const [thread, { until, owner }] of [...this.store.leases]) {
      if (until === undefined || until > performance.now() - olderThanMs || this.liveLease(thread) !== undefined) continue;
      const head = this.headOf(thread, "");
      if (head === undefined || this.waits(head)) continue;
      const lease = this.grant(thread, ttlMs, "the finder");
      yield { threadId: thread, lease, owner, tries: this.store.leases.get(thread)?.tries ?? 0 };
    }
  }

  /** Whether a human is asked. */
  protected waits({ thread, ns, id }: Row): boolean {
    return this.writesOf(thread, ns, id).some(({ channel }) => channel === "__interrupt__");
  }

  // --- values

  protected keyOf(ns: string, id: string): string {
    return JSON.stringify([ns, id]);
  }

  protected metadataText(metadata: CheckpointMetadata): string {
    try {
      return jsonOf(metadata);
    } catch (error) {
      throw new ReferenceSaverError("invalidMetadata", error instanceof Error ? error.message : String(error));
    }
  }

  /** Takes the values as they are now. */
  protected keepAll(values: readonly PendingWrite[]): Promise<[string, Kept][]> {
    try {
      return Promise.all(
        values.map(async ([channel, value]): Promise<[string, Kept]> => [channel, await this.keep(channel, value)]),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  protected async keep(channel: string, value: unknown): Promise<Kept> {
    try {
      if (this.#serde === undefined) return { plain: copyOf(value, channel) };
      const [type, bytes] = await this.#serde.dumpsTyped(value);
      return { type, bytes };
    } catch (error) {
      if (error instanceof NotKeptError) throw new ReferenceSaverError("serialization", error.message);
      throw error;
    }
  }

  protected async read(kept: Kept): Promise<unknown> {
    if ("plain" in kept) return copyOf(kept.plain, "value");
    if (this.#serde === undefined) throw new Error("This value was written with a serializer.");
    return this.#serde.loadsTyped(kept.type, kept.bytes);
  }

  protected request(): void {
    if (this.#isClosed) throw new ReferenceSaverError("saverClosed", "The saver is closed.");
    if (this.#connection !== this.store.cuts) this.#connection = this.reconnect();
    if (!this.store.isSetUp) throw new ReferenceSaverError("setupRequired", "Call setup() first.");
    this.requests += 1;
  }

  /** Repeats a call whose connection was cut, on a new one. */
  protected reconnect(): number {
    return this.store.cuts;
  }
}
