import type { BaseCheckpointSaver, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { refuseUnknown } from "./known-keys.js";

/**
 * What a saver may lack. A saver that keeps the whole contract declares nothing; one that does not says which part it lacks, and why.
 *
 * - `specialThreadIds`: every well-formed string is a thread id like any other, `__proto__` too
 * - `numericThreadIds`: a finite integer or a bigint is taken as its decimal string
 * - `exactConfig`: `tuple.config.configurable` holds the three keys of its checkpoint and nothing of the caller's config
 * - `commitOrder`: "latest", the order of `list` and `before` follow the order of the store, whatever the writers' clocks said
 * - `incrementalChannels`: only channels in `newVersions` are taken from a `put`; the others carry over from the parent
 * - `listTogether`: a list over several namespaces or threads is one list, in the order of the store
 * - `filterByValue`: `filter` compares objects and arrays by value
 * - `ownParent`: a checkpoint that is put again with itself as parent keeps the parent that it had
 * - `deleteDuringWrites`: a thread may be deleted while it is written
 * - `arrivalOrder`: pending writes without a task path come back in the order in which a process made them
 * - `taskPath`: `putWrites` takes a task path as its 4th argument, and pending writes and delta history are ordered by it
 * - `losslessValues`: what is put is what is read, for every value of C-60, or the put fails
 * - `exactMetadata`: metadata is JSON, stored as it is; an `undefined` property is left out
 * - `customSerde`: a serializer given by the user encodes every channel value and pending write, and only those
 * - `tombstones`: what a run writes after its thread was deleted is refused
 * - `leases`: `acquireThread` and `abandonedThreads`, as Holdfast's savers have them
 * - `rejectedConflicts`: the option `onConflict: "reject"`, as Holdfast's savers have it
 * - `processes`: another process opens a saver on the same store (see {@link ConformanceTarget.spawn})
 * - `retries`: a call whose connection is cut is repeated, and its caller does not notice (see {@link ConformanceTarget.interrupt})
 */
export type Capability = (typeof CAPABILITIES)[number];

const CAPABILITIES = [
  "specialThreadIds",
  "numericThreadIds",
  "exactConfig",
  "commitOrder",
  "incrementalChannels",
  "listTogether",
  "filterByValue",
  "ownParent",
  "deleteDuringWrites",
  "arrivalOrder",
  "taskPath",
  "losslessValues",
  "exactMetadata",
  "customSerde",
  "tombstones",
  "leases",
  "rejectedConflicts",
  "processes",
  "retries",
] as const;

/** A capability that is not named is expected. `{ no: reason }` skips the cases that need it, and the reason is printed. */
export type Supports = Partial<Readonly<Record<Capability, true | { readonly no: string }>>>;

/**
 * @throws TypeError for a capability that there is not.
 */
export function checkTarget({ name, supports = {} }: ConformanceTarget): void {
  refuseUnknown(`supports of ${name}`, supports, CAPABILITIES);
}

/** What `target` says of a capability: `true`, or why not. */
export const supportOf = ({ supports }: ConformanceTarget, capability: Capability): true | { readonly no: string } =>
  supports?.[capability] ?? true;

/** The failures that a saver must tell apart. */
export type Failure =
  | "missingThreadId"
  | "invalidThreadId"
  | "invalidConfig"
  | "invalidMetadata"
  | "serialization"
  | "setupRequired"
  | "saverClosed"
  | "threadDeleted"
  | "threadBusy"
  | "leaseLost"
  | "concurrentUpdate"
  | "storeUnavailable";

/** How a test makes another saver on the same store. */
export interface OpenOptions {
  /** Encodes channel values and pending writes instead of the saver's own serializer. */
  readonly serde?: SerializerProtocol;
  /** What becomes of a run whose head has moved. Default: the saver's own, a branch. */
  readonly onConflict?: "fork" | "reject";
}

/** How to test `setup()` and what comes before it. */
export interface LifecycleTarget {
  /** `count` savers on one new store that nobody has set up, each with its own connections. */
  openOnEmptyStore(count: number): Promise<readonly BaseCheckpointSaver[]>;
  /** Sets up the store of this saver, as a user's program would. */
  setup(saver: BaseCheckpointSaver): Promise<unknown>;
  /** `false` when the store needs nothing to be created: then a saver works without `setup()`. Default `true`. */
  readonly needsSetup?: boolean;
}

/** Where another process finds the store, and a saver on it. */
export interface Spawn {
  /**
   * A module that Node can load, as a `file:` URL or a path. Its default export is a target, or a function that makes one: `import.meta.url`, where
   * the target is a module of its own.
   */
  readonly module: URL | string;
  /** What that function is given: where the store is. A value that can be cloned. In the process that runs the cases, it is given nothing. */
  readonly store?: unknown;
  /** Options of Node for the process, a loader of TypeScript say. Default: none. */
  readonly execArgv?: readonly string[];
}

/** As much of a target as another process needs. Without `lifecycle`, it takes part in no case about `setup()`. */
export interface SpawnedTarget extends Pick<ConformanceTarget, "name" | "open" | "close"> {
  readonly lifecycle?: Pick<LifecycleTarget, "setup">;
}

/** A saver under test, and what the suite may know about it. */
export interface ConformanceTarget {
  /** Shown in the titles of the tests. */
  readonly name: string;
  /** What the saver cannot do. */
  readonly supports?: Supports;
  /** The `code` of the error of each failure. Without it, the cases that tell failures apart are skipped. */
  readonly errors?: Readonly<Record<Failure, string>>;
  /** Another saver on the same store. Each has its own connections and caches, as another process would. */
  open(options?: OpenOptions): Promise<BaseCheckpointSaver>;
  /** Closes a saver that `open` made. */
  close(saver: BaseCheckpointSaver): Promise<void>;
  /** What lies underneath for a thread: rows or keys by kind. All of them are 0 after `deleteThread`. */
  inspect?(threadId: string): Promise<Readonly<Record<string, number>>>;
  /** How many requests this saver has sent to its store since it was opened. */
  roundTrips?(saver: BaseCheckpointSaver): number;
  /** Without it, the cases about `setup()` are skipped. */
  readonly lifecycle?: LifecycleTarget;
  /**
   * How another process gets a saver on the store that `open` opens, or, with `onEmptyStore`, on a new one that nobody has set up (asked for only
   * where there is a `lifecycle`). Without it, the cases about several processes are skipped.
   */
  spawn?(options: { readonly onEmptyStore: boolean }): Spawn | Promise<Spawn>;
  /**
   * Cuts the connections of all savers that are open, as a failover does. The store keeps what it has, and takes new connections. Without it, the
   * cases about cut connections are skipped.
   */
  interrupt?(): Promise<void>;
  /** Called once, after the last case: closes what the target itself opened. */
  dispose?(): Promise<void>;
}

/** The codes of Holdfast's own savers. */
export const holdfastErrors: Readonly<Record<Failure, string>> = {
  missingThreadId: "HOLDFAST_MISSING_THREAD_ID",
  invalidThreadId: "HOLDFAST_INVALID_THREAD_ID",
  invalidConfig: "HOLDFAST_INVALID_CONFIG",
  invalidMetadata: "HOLDFAST_INVALID_METADATA",
  serialization: "HOLDFAST_SERIALIZATION",
  setupRequired: "HOLDFAST_SETUP_REQUIRED",
  saverClosed: "HOLDFAST_SAVER_CLOSED",
  threadDeleted: "HOLDFAST_THREAD_DELETED",
  threadBusy: "HOLDFAST_THREAD_BUSY",
  leaseLost: "HOLDFAST_LEASE_LOST",
  concurrentUpdate: "HOLDFAST_CONCURRENT_UPDATE",
  storeUnavailable: "HOLDFAST_STORE_UNAVAILABLE",
};
