import type { GraphAction } from "./graph-motifs.js";
import type { ServerFault } from "./server-faults.js";

/** What befalls a process, its network, or all connections to the store. */
export type Fault =
  | "cut"
  | "lose an answer"
  | "strand"
  | "deliver"
  | "partition"
  | "heal"
  | "kill"
  | "freeze"
  | "thaw"
  | "terminate";

/** What a process does. A run is what it has read of a thread and goes on from: it knows nothing of what others do to the thread meanwhile. */
export type Action =
  | GraphAction
  | { readonly do: "begin a run"; readonly thread: string; readonly run: number }
  | { readonly do: "put" | "put again" | "put with writes at once"; readonly thread: string }
  | { readonly do: "put in subgraph"; readonly thread: string; readonly isNew: boolean }
  | { readonly do: "write"; readonly thread: string; readonly task: number; readonly isSpecial: boolean }
  | { readonly do: "read"; readonly thread: string; readonly which?: number }
  | { readonly do: "list"; readonly thread?: string }
  | { readonly do: "list threads" | "sweep" | "reopen" }
  | { readonly do: "delete"; readonly thread: string; readonly isFenced: boolean }
  | { readonly do: "prune"; readonly thread: string; readonly keepLast: number }
  | { readonly do: "delete runs"; readonly run: number }
  | { readonly do: "copy"; readonly thread: string; readonly to: string }
  | { readonly do: "acquire"; readonly thread: string; readonly ttlMs: number; readonly interrupts?: true }
  | { readonly do: "release"; readonly thread: string };

/** `waits`: the next step begins when this one is over; else at its side. What one process does to one thread, it does in turn. */
export interface Step {
  readonly by: number;
  readonly waits: boolean;
  readonly action: Action | { readonly do: Fault } | ServerFault;
}

/** How one process is set. */
export interface SaverSetting {
  readonly cacheBytes?: number;
  readonly onConflict?: "fork" | "reject";
  readonly connections?: number;
  /** How far the clock of its process is off. Default 0. */
  readonly clockOffsetMs?: number;
  /** How long it tries again. Default: three times as long as it waits for an answer. */
  readonly retryForMs?: number;
}

/** What all programs of a session have in common. */
export interface Setting {
  readonly savers: readonly SaverSetting[];
  readonly hasFallback: boolean;
}

/** The threads that a program may change. */
export function threadsOf(steps: readonly Step[]): string[] {
  const named = steps.flatMap(({ action }) => [
    ...("thread" in action && action.thread !== undefined ? [action.thread] : []),
    ...("to" in action ? [action.to] : []),
  ]);
  return [...new Set([...named, "old"])];
}
