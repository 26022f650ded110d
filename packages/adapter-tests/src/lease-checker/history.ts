/**
 * What a client asked of a store, and what it was told. Times are milliseconds of one monotonic clock, which all processes of the machine share. Without
 * `to`, there was no answer: the client died, or the store could not be reached; the operation may have been done or not.
 */
interface Asked {
  readonly client: string;
  readonly thread: string;
  readonly from: number;
  readonly to?: number;
  /** The same by the clock that can be set, which the stores go by. Default: it runs as the monotonic one does. */
  readonly clock?: { readonly from: number; readonly to?: number };
  /** `refused`: told that nothing was done. */
  readonly outcome: "ok" | "refused" | "unknown";
}

export interface Acquire extends Asked {
  readonly kind: "acquire";
  readonly ttlMs: number;
  /** When it was granted. */
  readonly token?: string;
}

export interface Append extends Asked {
  readonly kind: "append";
  readonly token: string;
  /** Unique in the history. */
  readonly value: string;
}

export interface Release extends Asked {
  readonly kind: "release";
  readonly token: string;
}

export type Operation = Acquire | Append | Release;

export interface History {
  readonly operations: readonly Operation[];
  /** A request without an answer is tried again after so long; it may have been done all the same. */
  readonly patienceMs: number;
  /** When a client's connections were cut, or all clients': what it asked for then may have been tried again after it was done, too. */
  readonly cuts: readonly { readonly client?: string; readonly from: number; readonly to: number }[];
  /** What is in each thread's list in the end. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
}
