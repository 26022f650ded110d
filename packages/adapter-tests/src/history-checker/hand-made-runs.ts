import type { ThreadLease } from "@holdfast/checkpoint-core";
import type { RunnableConfig } from "@langchain/core/runnables";
import { text } from "../retention/chains.js";
import type { KeepingSaver } from "../retention/target.js";
import type { Put } from "./history.js";
import type { ProgramNames } from "./program-names.js";
import type { Asked, Recorder, Span } from "./recorder.js";

/** A checkpoint that a run goes on from. */
interface Known extends Pick<Put, "id" | "parent" | "namespace" | "origins"> {
  readonly values: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, number>>;
  /** The channels that are not as in its parent. */
  readonly changed: readonly string[];
  /** What a put on it, or a write to it, is told. */
  readonly config: RunnableConfig;
}

/** What a process has read of a thread, and goes on from. */
interface Run {
  readonly label: string;
  root: Known | undefined;
  sub: Known | undefined;
  /** When it read its root as the head; until its first put. */
  head: Readonly<Span> | undefined;
}

type Kind = "root" | "subgraph" | "new subgraph" | "again";

/** What runs are made with, by one process in one program. */
export interface RunsOptions {
  readonly name: string;
  /** Different for each client of a store. */
  readonly number: number;
  readonly isRejecting: boolean;
  /** Of the program that is played. */
  names(): ProgramNames;
  readonly recorder: Recorder;
  /** The saver of the process at that time. */
  saver(): KeepingSaver;
  /** The lease under which the process has a thread. */
  leaseOf(thread: string): ThreadLease | undefined;
}

/** Runs that put checkpoints and writes one by one, without a graph. */
export class HandMadeRuns {
  readonly #options: RunsOptions;
  readonly #runs = new Map<string, Run>();
  readonly #knownIds = new Map<string, string[]>();
  #marks = 0;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Another program begins. */
  forget(): void {
    this.#runs.clear();
    this.#knownIds.clear();
  }

  async begin(thread: string, number: number): Promise<Run> {
    const root = await this.#read(thread, "", undefined);
    const sub = await this.#read(thread, "sub", undefined);
    const label = this.#options.names().label(number);
    const run: Run = { label, root: root?.known, sub: sub?.known, head: root?.span };
    this.#runs.set(thread, run);
    return run;
  }

  /** @param which one of the checkpoints that are known. Default: the latest. */
  async read(thread: string, which: number | undefined): Promise<void> {
    const ids = this.#knownIds.get(thread) ?? [];
    await this.#read(thread, "", which === undefined ? undefined : ids[which % Math.max(1, ids.length)]);
  }

  /** @param meanwhile done before it is known whether the checkpoint is stored, as with LangGraph's durability "async". */
  async put(
    thread: string,
    what: Kind,
    meanwhile: (made: Pick<Known, "id" | "config">, run: Run) => Promise<void> = async () => {},
  ): Promise<void> {
    const run = await this.#run(thread);
    if (what !== "root" && run.root === undefined) return;
    this.#marks += 1;
    const { recorder, isRejecting } = this.#options;
    const names = this.#options.names();
    const made = what === "again" ? this.#again(run.root as Known) : this.#child(thread, run, what);
    const { namespace, id, parent, origins, values, versions, config } = made;
    const head = what !== "again" && isRejecting && namespace === "" ? run.head : undefined;
    const lease = this.#options.leaseOf(thread);
    const put: Asked<"put"> = {
      kind: "put",
      thread,
      namespace,
      id,
      parent,
      origins,
      values,
      run: run.label,
      ...(lease !== undefined && { token: lease.token }),
      ...(head !== undefined && { head }),
    };
    const checkpoint = { v: 4, id, ts: "", channel_values: { ...values }, channel_versions: { ...versions }, versions_seen: {} };
    const changed = Object.fromEntries(made.changed.map((channel) => [channel, versions[channel] ?? 0]));
    const where = {
      ...config,
      configurable: { ...lease?.config.configurable, ...config.configurable },
      metadata: { run_id: run.label },
    };
    const metadata = { source: "loop", step: 0, parents: { ...origins } } as const;
    const putting = recorder.record(put, () => this.#options.saver().put(where, checkpoint, metadata, changed));
    const target = { thread_id: names.id(thread), checkpoint_ns: namespace, checkpoint_id: id };
    const [stored] = await Promise.all([putting, meanwhile({ id, config: { configurable: target } }, run)]);
    // A run whose put fails is over.
    if (stored === undefined) return void this.#runs.set(thread, { ...run, root: undefined, sub: undefined, head: undefined });
    this.#note(thread, id);
    const known = { ...made, config: stored };
    if (namespace === "") {
      run.root = known;
      run.head = undefined;
    } else if (namespace === "sub") run.sub = known;
  }

  /** Puts a checkpoint, and writes to it before it is known whether it is stored. */
  putWithWrites(thread: string): Promise<void> {
    return this.put(thread, "root", (made, run) => this.#writeTo(thread, made, run, "task", ["w0", "w1"]));
  }

  async write(thread: string, task: number, isSpecial: boolean): Promise<void> {
    const run = await this.#run(thread);
    if (run.root === undefined) return;
    const channels = isSpecial ? ["__resume__"] : task === 0 ? ["w0"] : ["w0", "w1", "__interrupt__"];
    await this.#writeTo(thread, run.root, run, `task ${task}`, channels);
  }

  async #run(thread: string): Promise<Run> {
    return this.#runs.get(thread) ?? this.begin(thread, 0);
  }

  /** @returns `undefined` when nobody knows. */
  async #read(
    thread: string,
    namespace: string,
    id: string | undefined,
  ): Promise<{ readonly known: Known | undefined; readonly span: Readonly<Span> } | undefined> {
    const { recorder } = this.#options;
    const names = this.#options.names();
    const configurable = {
      thread_id: names.id(thread),
      checkpoint_ns: namespace,
      ...(id !== undefined && { checkpoint_id: id }),
    };
    const span = { from: 0, to: 0 };
    const answer = await recorder.record(
      { kind: "read", thread, namespace, ...(id !== undefined && { id }) },
      async () => ({ tuple: await this.#options.saver().getTuple({ configurable }) }),
      ({ tuple }) => (tuple === undefined ? {} : { seen: names.seen(tuple) }),
      span,
    );
    if (answer === undefined) return undefined;
    const { tuple } = answer;
    const seen = tuple && names.seen(tuple);
    if (tuple === undefined || seen === undefined) return { known: undefined, span };
    const { parent, origins, values, id: found } = seen;
    this.#note(thread, found);
    const versions = tuple.checkpoint.channel_versions as Record<string, number>;
    const changed = parent === undefined ? Object.keys(versions) : CHANGING;
    return { known: { id: found, namespace, parent, origins, values, versions, changed, config: tuple.config }, span };
  }

  #child(thread: string, run: Run, what: Kind): Known {
    const [mark, version] = [this.#mark(), this.#version()];
    const namespace = what === "root" ? "" : what === "subgraph" ? "sub" : `task:${mark}`;
    const parent = what === "root" ? run.root : what === "subgraph" ? run.sub : undefined;
    const before = (parent?.values.log ?? []) as unknown[];
    const values = { first: parent?.values.first ?? text(`first ${mark}`), log: [...before, text(`log ${mark}`)], last: mark };
    const versions = { ...parent?.versions, log: version, last: version, ...(parent === undefined && { first: version }) };
    const configurable = parent?.config.configurable ?? { thread_id: this.#options.names().id(thread), checkpoint_ns: namespace };
    const id = checkpointId(this.#options.number, this.#marks);
    const origins = what === "root" ? {} : { "": (run.root as Known).id };
    const changed = parent === undefined ? Object.keys(versions) : CHANGING;
    return { id, namespace, parent: parent?.id, origins, values, versions, changed, config: { configurable } };
  }

  /** The same checkpoint with another content. */
  #again({ id, namespace, parent, origins, values, versions, changed, config }: Known): Known {
    const { checkpoint_id: _, ...others } = config.configurable ?? {};
    const configurable = { ...others, ...(parent !== undefined && { checkpoint_id: parent }) };
    return {
      id,
      namespace,
      parent,
      origins,
      values: { ...values, last: this.#mark() },
      versions: { ...versions, last: this.#version() },
      changed,
      config: { configurable },
    };
  }

  async #writeTo(
    thread: string,
    { id, config }: Pick<Known, "id" | "config">,
    { label }: Run,
    task: string,
    channels: readonly string[],
  ): Promise<void> {
    this.#marks += 1;
    const mark = this.#mark();
    const writes = channels.map((channel): [string, unknown] => [channel, `${channel} ${mark}`]);
    const lease = this.#options.leaseOf(thread);
    const token = lease === undefined ? {} : { token: lease.token };
    const configurable = { ...lease?.config.configurable, ...config.configurable };
    await this.#options.recorder.record({ kind: "write", thread, namespace: "", id, task, writes, run: label, ...token }, () =>
      this.#options.saver().putWrites({ configurable, metadata: { run_id: label } }, writes, task),
    );
  }

  #note(thread: string, id: string): void {
    const ids = this.#knownIds.get(thread) ?? [];
    if (!ids.includes(id)) this.#knownIds.set(thread, [...ids, id]);
  }

  #mark(): string {
    return `${this.#options.name}, ${this.#marks}`;
  }

  /** Above all versions that were given before. */
  #version(): number {
    return this.#options.number * 1_000_000 + this.#marks;
  }
}

/** The channels that each checkpoint writes to. */
const CHANGING = ["log", "last"];

/** Ids that do not sort in the order of commits: a later process of a higher number may be first. */
function checkpointId(client: number, mark: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return `${hex(99 - (client % 100), 8)}-${hex(client, 4)}-6000-8000-${hex(mark, 12)}`;
}
