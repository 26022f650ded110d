/** How a run is called. */
export const CALLS = ["invoke", "stream", "streamEvents v2", "streamEvents v3", "batch", "updateState"] as const;
/** What is called: a graph, one with a subgraph, a subgraph with the saver in a graph without, a function, or a graph that is exclusive. */
export const SHAPES = [
  "graph",
  "graph with a subgraph",
  "subgraph",
  "function",
  "exclusive graph",
  "exclusive function",
] as const;
export const DURABILITIES = ["sync", "async", "exit"] as const;
/** Why a put is refused for good: what it holds, or what others did after the run had read its thread. */
export const FAULTS = {
  "a value that cannot be stored": "HOLDFAST_SERIALIZATION",
  "a value that is too large": "HOLDFAST_VALUE_TOO_LARGE",
  "a thread that was deleted": "HOLDFAST_THREAD_DELETED",
  "a thread that another run has": "HOLDFAST_THREAD_BUSY",
  "a head that has moved": "HOLDFAST_CONCURRENT_UPDATE",
} as const;

export type Fault = keyof typeof FAULTS;
export type FailingPut = "first put" | "later put";

/** A run that fails. */
export interface FailingRun {
  readonly call: (typeof CALLS)[number];
  readonly shape: (typeof SHAPES)[number];
  readonly durability: (typeof DURABILITIES)[number];
  /** Its `thread_id`; a run without the property has none. */
  readonly thread?: unknown;
  readonly fault?: Fault;
  /** Its first put fails, or only that of what its nodes have gathered, of which each write is small enough. Default: the first. */
  readonly failsAt?: FailingPut;
  /** With LangGraph's own saver in memory, in place of ours. */
  readonly inMemory?: boolean;
}

export interface FailedRun {
  /** What the call rejects with: the code of an error of ours, or its message. */
  readonly error: string;
  /** How many nodes have begun. */
  readonly nodes: number;
}
