import type { Recorded } from "../recorded.js";
import type { Turn } from "./graph.js";

/** What a process asked of a store, and what it was told. */
interface Asked extends Recorded {
  readonly process: string;
}

/** A checkpoint that a process puts. */
export interface Put extends Asked {
  readonly kind: "put";
  readonly thread: string;
  readonly namespace: string;
  readonly id: string;
  readonly parent: string | undefined;
  /** `metadata.parents`: of a subgraph's checkpoint, the checkpoint of the root graph that it belongs to. */
  readonly origins: Readonly<Record<string, string>>;
  /** Different for each put in the history, also for one that replaces another. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly run: string;
  /** Of the lease under which it is put. */
  readonly token?: string;
  /** With `onConflict: "reject"`: when its parent was read as the head, or put by the same run. */
  readonly head?: { readonly from: number; readonly to: number };
  /** Of the call of a graph that puts it. */
  readonly call?: string;
}

/** What a task writes on top of a checkpoint. A slot is named by its task and channel; channels that begin with "__" are special (contract C-41). */
export interface Write extends Asked {
  readonly kind: "write";
  readonly thread: string;
  readonly namespace: string;
  readonly id: string;
  readonly task: string;
  /** Channel and value; values are different for each write in the history. */
  readonly writes: readonly (readonly [string, unknown])[];
  readonly run: string;
  readonly token?: string;
  /** Where the task stands in its graph, when a graph writes. */
  readonly path?: string;
  /** Of the call of a graph that writes it. */
  readonly call?: string;
}

/** A checkpoint as a process saw it. */
export interface Seen {
  readonly thread: string;
  readonly namespace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly origins: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
  /** Task, channel, value. */
  readonly writes: readonly (readonly [string, string, unknown])[];
}

/** `id` absent: of the latest checkpoint. */
export interface Read extends Asked {
  readonly kind: "read";
  readonly thread: string;
  readonly namespace: string;
  readonly id?: string;
  readonly seen?: Seen;
  /** Of the call of a graph that reads it. */
  readonly call?: string;
}

/** `thread` absent: of all threads. */
export interface List extends Asked {
  readonly kind: "list";
  readonly thread?: string;
  readonly seen?: readonly Seen[];
}

export interface ListThreads extends Asked {
  readonly kind: "list threads";
  readonly seen?: readonly string[];
}

export interface Delete extends Asked {
  readonly kind: "delete";
  readonly thread: string;
  readonly token?: string;
}

export interface Prune extends Asked {
  readonly kind: "prune";
  /** Absent: all, as a sweep does. */
  readonly thread?: string;
  readonly keepLast: number;
}

export interface DeleteRuns extends Asked {
  readonly kind: "delete runs";
  readonly runs: readonly string[];
  /** Threads that somebody had the lease of. */
  readonly busy?: readonly string[];
}

export interface Copy extends Asked {
  readonly kind: "copy";
  readonly source: string;
  readonly thread: string;
}

export interface Acquire extends Asked {
  readonly kind: "acquire";
  readonly thread: string;
  readonly ttlMs: number;
  readonly token?: string;
  /** Whether it takes the thread from whoever has it. */
  readonly interrupts?: true;
}

export interface Release extends Asked {
  readonly kind: "release";
  readonly thread: string;
  readonly token: string;
}

/** A raw look at a thread, when nothing happens any more. */
export interface Underneath extends Asked {
  readonly kind: "underneath";
  readonly thread: string;
  readonly rows: number;
  readonly orphans: readonly string[];
}

/** A call of a graph. What it puts, writes and reads are operations of their own, which bear its mark. One that fails has an unknown outcome. */
export interface GraphCall extends Asked {
  readonly kind: "graph call";
  readonly thread: string;
  /** Different for each call in the history; a turn and an update bear it in the state. */
  readonly mark: string;
  /** `go on`: what another call has left unfinished. */
  readonly how: "turn" | "resume" | "go on" | "update";
  /** What questions are answered with. */
  readonly answers?: Readonly<Record<string, string>>;
  /** The checkpoint it is told to begin at. Default: the latest. */
  readonly at?: string;
  /** What it returned, unless it ended with questions. */
  readonly values?: GraphValues;
  /** What it asked, in order. */
  readonly questions?: readonly string[];
}

/** The state of the graph, that of its delta channel included. */
export interface GraphValues {
  readonly turn?: Turn;
  readonly log: readonly string[];
  readonly delta: readonly string[];
}

/** The state of a thread, as LangGraph's `getState` has it. */
export interface State extends Asked {
  readonly kind: "state";
  readonly thread: string;
  /** The checkpoint that was asked for. Default: the latest. */
  readonly at?: string;
  /** The checkpoint that was shown. */
  readonly id?: string;
  readonly values?: GraphValues;
  /** Node and question. */
  readonly questions?: readonly (readonly [string, string])[];
}

export type Operation =
  | GraphCall
  | State
  | Put
  | Write
  | Read
  | List
  | ListThreads
  | Delete
  | Prune
  | DeleteRuns
  | Copy
  | Acquire
  | Release
  | Underneath;

/** When requests of a process, or of all, may have been carried out and asked for again. */
export interface Disturbance {
  readonly process?: string;
  readonly from: number;
  readonly to: number;
  /**
   * A replica took the place of its master: `from`, when the replica had last everything that was acknowledged, `to`, when it was the master.
   * `mayLose`: what was acknowledged meanwhile may be lost with the old one.
   */
  readonly failover?: { readonly diedAt: number; readonly mayLose: boolean };
}

export interface History {
  readonly operations: readonly Operation[];
  /** A request without an answer is tried again after so long; it may have been done all the same. */
  readonly patienceMs: number;
  readonly disturbances: readonly Disturbance[];
  /** Processes that ended by themselves, and what they printed. */
  readonly deaths: readonly string[];
}

/** The process whose puts are those that the old store of a `fallback` had from the beginning. */
export const OLD_STORE = "the old store";

/** One that was carried out, and whose answer was lost, is asked for again, and may then be refused. */
export function mayBeRepeated({ process, from, to = Number.POSITIVE_INFINITY }: Operation, history: History): boolean {
  return (
    to - from >= history.patienceMs ||
    history.disturbances.some((each) => (each.process ?? process) === process && each.to >= from && each.from <= to)
  );
}
