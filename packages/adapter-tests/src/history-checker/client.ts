import type { ThreadLease } from "@holdfast/checkpoint-core";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { type Recorded, recorded } from "../recorded.js";
import { text } from "../retention/chains.js";
import type { KeepingSaver } from "../retention/target.js";
import type { Operation, Put, Seen } from "./history.js";
import type { Action } from "./program.js";

/** Told of each operation twice: when it is asked for, and when it is answered. */
export type Tell = (id: string, operation: Operation) => Promise<void> | void;

const REFUSALS: readonly string[] = [
  "HOLDFAST_THREAD_BUSY",
  "HOLDFAST_LEASE_LOST",
  "HOLDFAST_CONCURRENT_UPDATE",
  "HOLDFAST_THREAD_DELETED",
  "HOLDFAST_THREAD_NOT_FOUND",
  "HOLDFAST_THREAD_EXISTS",
];

/** A checkpoint that a run goes on from. */
interface Known extends Pick<Put, "id" | "parent" | "namespace" | "origins"> {
  readonly values: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, number>>;
  /** The channels that are not as in its parent. */
  readonly changed: readonly string[];
  /** What a put on it, or a write to it, is told. */
  readonly config: RunnableConfig;
}

interface Run {
  readonly label: string;
  root: Known | undefined;
  sub: Known | undefined;
  /** When it read its root as the head; until its first put. */
  head: { readonly from: number; readonly to: number } | undefined;
  lease: ThreadLease | undefined;
}

export interface ClientOptions {
  readonly name: string;
  /** Different for each client of a store. */
  readonly number: number;
  readonly isRejecting: boolean;
  open(): KeepingSaver;
  close(saver: KeepingSaver): Promise<void>;
  readonly tell: Tell;
}

/** The part of an operation that is known when it is asked for. */
type Asked<Kind extends Operation["kind"]> = Omit<
  Extract<Operation, { readonly kind: Kind }>,
  keyof Recorded | "process" | "seen"
>;

/** A process of the checker: does what it is told, and records it. */
export class HistoryClient {
  readonly #options: ClientOptions;
  #saver: KeepingSaver;
  #prefix = "";
  #operations = 0;
  #marks = 0;
  readonly #runs = new Map<string, Run>();
  readonly #knownIds = new Map<string, string[]>();
  /** Per thread, what is done to it last. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#saver = options.open();
  }

  /** From now on, threads are those of another program. */
  begin(prefix: string): void {
    this.#prefix = prefix;
    this.#runs.clear();
    this.#knownIds.clear();
    this.#turns.clear();
  }

  /** Does what it is told when it has done what it was told before of the same thread. */
  perform(action: Action): Promise<void> {
    const thread = "thread" in action ? (action.thread ?? "") : "";
    const before = this.#turns.get(thread) ?? Promise.resolve();
    const turn = before.then(() => this.#do(action));
    this.#turns.set(thread, turn);
    return turn;
  }

  /** Gives free what it holds. */
  async settle(): Promise<void> {
    await Promise.all(this.#turns.values());
    for (const [thread, run] of this.#runs) await this.#release(thread, run);
  }

  end(): Promise<void> {
    return this.#options.close(this.#saver);
  }

  async #do(action: Action): Promise<void> {
    switch (action.do) {
      case "begin a run":
        await this.#begin(action.thread, action.run);
        return;
      case "put":
        return this.#put(action.thread, "root");
      case "put with writes at once":
        return this.#put(action.thread, "root", (made, run) => this.#writeTo(action.thread, made, run, "task", ["w0", "w1"]));
      case "put in subgraph":
        return this.#put(action.thread, action.isNew ? "new subgraph" : "subgraph");
      case "put again":
        return this.#put(action.thread, "again");
      case "write":
        return this.#write(action.thread, action.task, action.isSpecial);
      case "read": {
        const ids = this.#knownIds.get(action.thread) ?? [];
        const id = action.which === undefined ? undefined : ids[action.which % Math.max(1, ids.length)];
        await this.#read(action.thread, "", id);
        return;
      }
      case "list":
        return this.list(action.thread);
      case "list threads":
        return this.listThreads();
      case "delete": {
        const lease = action.isFenced ? this.#runs.get(action.thread)?.lease : undefined;
        const token = lease === undefined ? {} : { token: lease.token };
        await this.#record({ kind: "delete", thread: action.thread, ...token }, () =>
          this.#saver.deleteThread(this.#id(action.thread), lease === undefined ? {} : { lease }),
        );
        return;
      }
      case "prune": {
        const { thread, keepLast } = action;
        await this.#record({ kind: "prune", thread, keepLast }, () => this.#saver.prune([this.#id(thread)], { keepLast }));
        return;
      }
      case "sweep":
        await this.#record({ kind: "prune", keepLast: SWEPT.keepLast }, () => this.#saver.sweep());
        return;
      case "delete runs": {
        const runs = [this.#label(action.run)];
        await this.#record(
          { kind: "delete runs", runs },
          () => this.#saver.deleteForRuns(runs),
          ({ busy }) => ({ busy: this.#own(busy) }),
        );
        return;
      }
      case "copy":
        await this.#record({ kind: "copy", source: action.thread, thread: action.to }, () =>
          this.#saver.copyThread(this.#id(action.thread), this.#id(action.to)),
        );
        return;
      case "acquire": {
        const { thread, ttlMs } = action;
        const run = await this.#run(thread);
        await this.#release(thread, run);
        run.lease = await this.#record(
          { kind: "acquire", thread, ttlMs },
          () => this.#saver.acquireThread(this.#id(thread), { ttlMs, waitMs: 2 * ttlMs, owner: this.#options.name }),
          ({ token }) => ({ token }),
        );
        return;
      }
      case "release":
        return this.#release(action.thread, this.#runs.get(action.thread));
      case "reopen": {
        const before = this.#saver;
        this.#saver = this.#options.open();
        for (const run of this.#runs.values()) run.lease?.leave();
        // What goes on ends first: it would be refused.
        await Promise.all([...this.#turns].filter(([thread]) => thread !== "").map(([, turn]) => turn));
        await this.#options.close(before);
      }
    }
  }

  async list(thread: string | undefined): Promise<void> {
    await this.#record(
      { kind: "list", ...(thread !== undefined && { thread }) },
      async () => {
        const seen: Seen[] = [];
        for await (const tuple of this.#saver.list({
          configurable: thread === undefined ? {} : { thread_id: this.#id(thread) },
        })) {
          if (this.#own([threadOf(tuple)]).length > 0) seen.push(this.#seen(tuple));
        }
        return seen;
      },
      (seen) => ({ seen }),
    );
  }

  async listThreads(): Promise<void> {
    await this.#record(
      { kind: "list threads" },
      async () => {
        const seen: string[] = [];
        for await (const { threadId } of this.#saver.listThreads()) seen.push(threadId);
        return seen;
      },
      (seen) => ({ seen: this.#own(seen) }),
    );
  }

  async #begin(thread: string, number: number): Promise<Run> {
    const root = await this.#read(thread, "", undefined);
    const sub = await this.#read(thread, "sub", undefined);
    const lease = this.#runs.get(thread)?.lease;
    const run: Run = { label: this.#label(number), root: root?.known, sub: sub?.known, head: root?.span, lease };
    this.#runs.set(thread, run);
    return run;
  }

  async #run(thread: string): Promise<Run> {
    return this.#runs.get(thread) ?? this.#begin(thread, 0);
  }

  async #release(thread: string, run: Run | undefined): Promise<void> {
    const lease = run?.lease;
    if (run === undefined || lease === undefined) return;
    run.lease = undefined;
    await this.#record({ kind: "release", thread, token: lease.token }, () => lease.release());
  }

  /** @returns `undefined` when nobody knows. */
  async #read(
    thread: string,
    namespace: string,
    id: string | undefined,
  ): Promise<{ readonly known: Known | undefined; readonly span: { readonly from: number; readonly to: number } } | undefined> {
    const configurable = {
      thread_id: this.#id(thread),
      checkpoint_ns: namespace,
      ...(id !== undefined && { checkpoint_id: id }),
    };
    const span = { from: 0, to: 0 };
    const answer = await this.#record(
      { kind: "read", thread, namespace, ...(id !== undefined && { id }) },
      async () => ({ tuple: await this.#saver.getTuple({ configurable }) }),
      ({ tuple }) => (tuple === undefined ? {} : { seen: this.#seen(tuple) }),
      span,
    );
    if (answer === undefined) return undefined;
    const { tuple } = answer;
    if (tuple === undefined) return { known: undefined, span };
    const { parent, origins, values, id: found } = this.#seen(tuple);
    this.#note(thread, found);
    const versions = tuple.checkpoint.channel_versions as Record<string, number>;
    const changed = parent === undefined ? Object.keys(versions) : CHANGING;
    return { known: { id: found, namespace, parent, origins, values, versions, changed, config: tuple.config }, span };
  }

  /** @param meanwhile done before it is known whether the checkpoint is stored, as with LangGraph's durability "async". */
  async #put(
    thread: string,
    what: "root" | "subgraph" | "new subgraph" | "again",
    meanwhile: (made: Pick<Known, "id" | "config">, run: Run) => Promise<void> = async () => {},
  ): Promise<void> {
    const run = await this.#run(thread);
    if (what !== "root" && run.root === undefined) return;
    this.#marks += 1;
    const made = what === "again" ? this.#again(run.root as Known) : this.#child(thread, run, what);
    const { namespace, id, parent, origins, values, versions, config } = made;
    const head = what !== "again" && this.#options.isRejecting && namespace === "" ? run.head : undefined;
    const { lease } = run;
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
    const putting = this.#record(put, () =>
      this.#saver.put(where, checkpoint, { source: "loop", step: 0, parents: { ...origins } }, changed),
    );
    const target = { thread_id: this.#id(thread), checkpoint_ns: namespace, checkpoint_id: id };
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

  #child(thread: string, run: Run, what: "root" | "subgraph" | "new subgraph"): Known {
    const [mark, version] = [this.#mark(), this.#version()];
    const namespace = what === "root" ? "" : what === "subgraph" ? "sub" : `task:${mark}`;
    const parent = what === "root" ? run.root : what === "subgraph" ? run.sub : undefined;
    const before = (parent?.values.log ?? []) as unknown[];
    const values = { first: parent?.values.first ?? text(`first ${mark}`), log: [...before, text(`log ${mark}`)], last: mark };
    const versions = { ...parent?.versions, log: version, last: version, ...(parent === undefined && { first: version }) };
    const configurable = parent?.config.configurable ?? { thread_id: this.#id(thread), checkpoint_ns: namespace };
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

  async #write(thread: string, number: number, isSpecial: boolean): Promise<void> {
    const run = await this.#run(thread);
    if (run.root === undefined) return;
    const channels = isSpecial ? ["__resume__"] : number === 0 ? ["w0"] : ["w0", "w1", "__interrupt__"];
    await this.#writeTo(thread, run.root, run, `task ${number}`, channels);
  }

  async #writeTo(
    thread: string,
    { id, config }: Pick<Known, "id" | "config">,
    { lease, label }: Run,
    task: string,
    channels: readonly string[],
  ): Promise<void> {
    this.#marks += 1;
    const mark = this.#mark();
    const writes = channels.map((channel): [string, unknown] => [channel, `${channel} ${mark}`]);
    const token = lease === undefined ? {} : { token: lease.token };
    const configurable = { ...lease?.config.configurable, ...config.configurable };
    await this.#record({ kind: "write", thread, namespace: "", id, task, writes, run: label, ...token }, () =>
      this.#saver.putWrites({ configurable, metadata: { run_id: label } }, writes, task),
    );
  }

  async #record<Kind extends Operation["kind"], Result>(
    asked: { readonly kind: Kind } & Asked<Kind>,
    run: () => Promise<Result>,
    learned?: (result: Result) => object,
    span: { from: number; to: number } = { from: 0, to: 0 },
  ): Promise<Result | undefined> {
    this.#operations += 1;
    const { name, tell } = this.#options;
    const id = `${name}:${this.#operations}`;
    const tellIt = (answer: Recorded): Promise<void> | void => {
      Object.assign(span, { from: answer.from, to: answer.to ?? answer.from });
      return tell(id, { ...asked, process: name, ...answer } as unknown as Operation);
    };
    return recorded(tellIt, REFUSALS, run, learned);
  }

  #seen(tuple: CheckpointTuple): Seen {
    const { config, parentConfig, checkpoint, metadata, pendingWrites } = tuple;
    return {
      thread: this.#own([threadOf(tuple)])[0] ?? "",
      namespace: String(config.configurable?.checkpoint_ns),
      id: checkpoint.id,
      parent: parentConfig?.configurable?.checkpoint_id as string | undefined,
      origins: (metadata as { parents?: Record<string, string> }).parents ?? {},
      values: checkpoint.channel_values,
      writes: (pendingWrites ?? []).map(([task, channel, value]) => [task, channel, value] as const),
    };
  }

  #note(thread: string, id: string): void {
    const ids = this.#knownIds.get(thread) ?? [];
    if (!ids.includes(id)) this.#knownIds.set(thread, [...ids, id]);
  }

  #id(thread: string): string {
    return `${this.#prefix}${thread}`;
  }

  /** Of thread ids, those of the program. */
  #own(ids: readonly string[]): string[] {
    return ids.filter((id) => id.startsWith(this.#prefix)).map((id) => id.slice(this.#prefix.length));
  }

  #label(run: number): string {
    return `${this.#prefix}run ${run}`;
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

/** What a sweep keeps. */
export const SWEPT = { keepLast: 3 };

const threadOf = ({ config }: CheckpointTuple): string => String(config.configurable?.thread_id);

/** Ids that do not sort in the order of commits: a later process of a higher number may be first. */
function checkpointId(client: number, mark: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return `${hex(99 - (client % 100), 8)}-${hex(client, 4)}-6000-8000-${hex(mark, 12)}`;
}
