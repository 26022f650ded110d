/**
 * The error family of every Holdfast package.
 *
 * The `code` is the API: it does not change between major versions, and one failure has one code on every store. Messages may change.
 * `docs/reference/errors.md` has a heading per code.
 *
 * Errors that tell a user of an application that a conversation is busy, or gone, are often sent to a browser as they are: their messages name no thread and no
 * process. Fields do.
 *
 * Longer than 300 lines: short classes, one list.
 */

/** Marks the family across duplicate copies of this package, where `instanceof` fails. */
const BRAND: unique symbol = Symbol.for("holdfast.error") as never;

export type HoldfastErrorCode =
  | "HOLDFAST_MISSING_THREAD_ID"
  | "HOLDFAST_INVALID_THREAD_ID"
  | "HOLDFAST_INVALID_CONFIG"
  | "HOLDFAST_INVALID_METADATA"
  | "HOLDFAST_INVALID_OPTIONS"
  | "HOLDFAST_SERIALIZATION"
  | "HOLDFAST_DESERIALIZATION"
  | "HOLDFAST_VALUE_TOO_LARGE"
  | "HOLDFAST_STORE_UNAVAILABLE"
  | "HOLDFAST_STORE_FAILURE"
  | "HOLDFAST_SETUP_REQUIRED"
  | "HOLDFAST_SCHEMA_TOO_NEW"
  | "HOLDFAST_UNSUPPORTED_SERVER"
  | "HOLDFAST_NOT_DURABLE"
  | "HOLDFAST_SAVER_CLOSED"
  | "HOLDFAST_THREAD_BUSY"
  | "HOLDFAST_LEASE_LOST"
  | "HOLDFAST_CONCURRENT_UPDATE"
  | "HOLDFAST_IDEMPOTENCY_KEY_REUSED"
  | "HOLDFAST_THREAD_DELETED"
  | "HOLDFAST_THREAD_NOT_FOUND"
  | "HOLDFAST_THREAD_EXISTS"
  | "HOLDFAST_IMPORT_MISMATCH";

/** What all of them have. A class of its own, because `HoldfastError` is the union of those that can be thrown. */
abstract class FamilyError extends Error {
  abstract readonly code: HoldfastErrorCode;
  /** Written out in each class, because a minifier shortens class names to a letter. */
  abstract override readonly name: string;
  /** @internal */
  readonly [BRAND] = true;
}

/** Any error of the family. A comparison of its `code` narrows it to the class, with the fields of that. */
export type HoldfastError =
  | MissingThreadIdError
  | InvalidThreadIdError
  | InvalidConfigError
  | InvalidMetadataError
  | InvalidOptionsError
  | SerializationError
  | DeserializationError
  | ValueTooLargeError
  | StoreUnavailableError
  | StoreFailureError
  | SetupRequiredError
  | SchemaTooNewError
  | UnsupportedServerError
  | NotDurableError
  | SaverClosedError
  | ThreadBusyError
  | LeaseLostError
  | ConcurrentUpdateError
  | IdempotencyKeyReusedError
  | ThreadDeletedError
  | ThreadNotFoundError
  | ThreadExistsError
  | ImportMismatchError;

/** For `instanceof`, which fails where a dependency tree has two copies of the package: {@link isHoldfastError} does not. */
export const HoldfastError: abstract new (...args: never) => HoldfastError = FamilyError as never;

/**
 * Whether `error` is one of ours, whichever copy of the package made it.
 *
 * ```ts
 * if (isHoldfastError(error) && error.code === "HOLDFAST_THREAD_BUSY") retryIn(error.remainingMs);
 * ```
 */
export function isHoldfastError(error: unknown): error is HoldfastError {
  return typeof error === "object" && error !== null && (error as { [BRAND]?: unknown })[BRAND] === true;
}

/** No `thread_id` in `config.configurable`. */
export class MissingThreadIdError extends FamilyError {
  override readonly name = "MissingThreadIdError";
  readonly code = "HOLDFAST_MISSING_THREAD_ID";

  constructor(operation: string) {
    super(
      `${operation} needs a thread_id: the id of the conversation whose state is saved. ` +
        `Pass it with every call, the same one for every turn: graph.invoke(input, { configurable: { thread_id: "user-1" } }).`,
    );
  }
}

/** A `thread_id` that cannot name a thread: empty, not a string or an integer, malformed, or too long. */
export class InvalidThreadIdError extends FamilyError {
  override readonly name = "InvalidThreadIdError";
  readonly code = "HOLDFAST_INVALID_THREAD_ID";
}

/** A key of `config.configurable`, a task id or a list option that is malformed. */
export class InvalidConfigError extends FamilyError {
  override readonly name = "InvalidConfigError";
  readonly code = "HOLDFAST_INVALID_CONFIG";
}

/** Checkpoint metadata that is not JSON, too long or too deep. */
export class InvalidMetadataError extends FamilyError {
  override readonly name = "InvalidMetadataError";
  readonly code = "HOLDFAST_INVALID_METADATA";
}

/** An option that cannot be used. */
export class InvalidOptionsError extends FamilyError {
  override readonly name = "InvalidOptionsError";
  readonly code = "HOLDFAST_INVALID_OPTIONS";
}

/** A value that could not be stored without loss. The message names the channel and the path in its value. */
export class SerializationError extends FamilyError {
  override readonly name = "SerializationError";
  readonly code = "HOLDFAST_SERIALIZATION";
  /** The part of the value that is at fault, e.g. `messages[3].artifact`. */
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`Cannot store ${path}: ${reason}`, options);
    this.path = path;
  }
}

/** Stored bytes that this version, or this process's classes, cannot read. */
export class DeserializationError extends FamilyError {
  override readonly name = "DeserializationError";
  readonly code = "HOLDFAST_DESERIALIZATION";
  /** The checkpoint that cannot be read, if known. */
  readonly threadId: string | undefined;
  readonly namespace: string | undefined;
  readonly checkpointId: string | undefined;

  constructor(message: string, { checkpoint, ...options }: ErrorOptions & { readonly checkpoint?: CheckpointName } = {}) {
    super(checkpoint === undefined ? message : `The ${nameOf(checkpoint)} cannot be read: ${message}`, options);
    this.threadId = checkpoint?.threadId;
    this.namespace = checkpoint?.namespace;
    this.checkpointId = checkpoint?.checkpointId;
  }
}

interface CheckpointName {
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
}

function nameOf({ threadId, namespace, checkpointId }: CheckpointName): string {
  return `checkpoint ${checkpointId} of the thread ${threadId}${namespace === "" ? "" : `, namespace ${namespace},`}`;
}

/** A channel value that is larger than `maxValueBytes`, or a put that is larger than `maxPutBytes`. */
export class ValueTooLargeError extends FamilyError {
  override readonly name = "ValueTooLargeError";
  readonly code = "HOLDFAST_VALUE_TOO_LARGE";
}

/** The store could not be reached, or did not answer, within the retry budget. `cause` is the last failure. */
export class StoreUnavailableError extends FamilyError {
  override readonly name = "StoreUnavailableError";
  readonly code = "HOLDFAST_STORE_UNAVAILABLE";
}

/** The store refused an operation for a reason that a retry does not fix (rights, disk, a damaged table). `cause` says which. */
export class StoreFailureError extends FamilyError {
  override readonly name = "StoreFailureError";
  readonly code = "HOLDFAST_STORE_FAILURE";
}

/** The store has not been set up for this saver: `await saver.setup()` was not run. */
export class SetupRequiredError extends FamilyError {
  override readonly name = "SetupRequiredError";
  readonly code = "HOLDFAST_SETUP_REQUIRED";
}

/** The store was set up by a newer version of this package, whose format this version cannot use. */
export class SchemaTooNewError extends FamilyError {
  override readonly name = "SchemaTooNewError";
  readonly code = "HOLDFAST_SCHEMA_TOO_NEW";
}

/** A server that lacks something this saver needs. */
export class UnsupportedServerError extends FamilyError {
  override readonly name = "UnsupportedServerError";
  readonly code = "HOLDFAST_UNSUPPORTED_SERVER";
}

/** A write was made, but is not yet on as many replicas or disks as the saver's `durability` asks for. */
export class NotDurableError extends FamilyError {
  override readonly name = "NotDurableError";
  readonly code = "HOLDFAST_NOT_DURABLE";
}

/** The saver was used after `end()`, or `end()` was called in the middle of a run. */
export class SaverClosedError extends FamilyError {
  override readonly name = "SaverClosedError";
  readonly code = "HOLDFAST_SAVER_CLOSED";

  /** @param isRun whether it is a run that `end()` has ended, and whose thread it hands over. */
  constructor(operation: string, isRun = false) {
    super(
      isRun
        ? `end() was called, and has ended ${operation}. Its thread is handed over: resumeAbandoned goes on with it in another process.`
        : `${operation} was called after end(). Create a new saver, or call end() later.`,
    );
  }
}

/** Another holder has the thread's lease. Try again later. */
export class ThreadBusyError extends FamilyError {
  override readonly name = "ThreadBusyError";
  readonly code = "HOLDFAST_THREAD_BUSY";
  readonly threadId: string;
  /** The name that the holder gave itself. */
  readonly owner: string | undefined;
  /** Milliseconds until the lease ends, unless it is renewed. */
  readonly remainingMs: number;

  constructor(threadId: string, owner: string | undefined, remainingMs: number) {
    super(`The thread is in use; its lease ends in ${Math.ceil(remainingMs)} ms unless it is renewed.`);
    this.threadId = threadId;
    this.owner = owner;
    this.remainingMs = remainingMs;
  }
}

/** Who ended a lease before its time, and why. */
export interface LeaseEnd {
  readonly kind: "revoked" | "overtaken";
  /** What the operator said; or who has the thread now, as they call themselves. */
  readonly reason: string;
}

/** The lease under which a run writes has ended: it stalled for longer than its time, it was released, revoked or overtaken. Nothing was written. */
export class LeaseLostError extends FamilyError {
  override readonly name = "LeaseLostError";
  readonly code = "HOLDFAST_LEASE_LOST";
  readonly threadId: string;
  /**
   * `"revoked"`: by an operator, whose reason is in the message. `"overtaken"`: by a run with `whenBusy: "interrupt"` or `"rollback"`. `"ended"`: its time was up,
   * it was released, or the thread was deleted.
   */
  readonly reason: "ended" | LeaseEnd["kind"];
  /** When it was overtaken: the name that the new holder gave itself. */
  readonly owner: string | undefined;

  constructor(threadId: string, end?: LeaseEnd) {
    super(
      `${howEnded(end)} This run can no longer write${end === undefined ? "; start it again from the thread's latest state" : ""}.`,
    );
    this.threadId = threadId;
    this.reason = end?.kind ?? "ended";
    this.owner = end?.kind === "overtaken" ? end.reason : undefined;
  }
}

function howEnded(end: LeaseEnd | undefined): string {
  if (end === undefined) return "The lease of the thread has ended.";
  return end.kind === "revoked"
    ? `The lease of the thread was revoked: ${end.reason}.`
    : "A later run has overtaken this one on the thread.";
}

/** With `onConflict: "reject"`: the thread has moved on since this run read it. Nothing was written. */
export class ConcurrentUpdateError extends FamilyError {
  override readonly name = "ConcurrentUpdateError";
  readonly code = "HOLDFAST_CONCURRENT_UPDATE";
  readonly threadId: string;

  constructor(threadId: string) {
    super("The thread was updated by another run since this one read it. Start again from its latest state.");
    this.threadId = threadId;
  }
}

/** The idempotency key of a call has come before on this thread, with another input. Nothing was run. */
export class IdempotencyKeyReusedError extends FamilyError {
  override readonly name = "IdempotencyKeyReusedError";
  readonly code = "HOLDFAST_IDEMPOTENCY_KEY_REUSED";
  readonly threadId: string;
  readonly key: string;

  constructor(threadId: string, key: string) {
    super("The idempotency key was used with another input on this thread. A new message needs a key of its own.");
    this.threadId = threadId;
    this.key = key;
  }
}

/** The thread was deleted during this run, whose writes would bring part of it back. Nothing was written. */
export class ThreadDeletedError extends FamilyError {
  override readonly name = "ThreadDeletedError";
  readonly code = "HOLDFAST_THREAD_DELETED";
  readonly threadId: string;

  constructor(threadId: string) {
    super("The thread was deleted during this run. A new run on the same id starts a new thread.");
    this.threadId = threadId;
  }
}

/** No thread has this id. Nothing was done. */
export class ThreadNotFoundError extends FamilyError {
  override readonly name = "ThreadNotFoundError";
  readonly code = "HOLDFAST_THREAD_NOT_FOUND";
  readonly threadId: string;

  constructor(threadId: string) {
    super("The thread does not exist.");
    this.threadId = threadId;
  }
}

/** The target id of a copy already belongs to a thread. Nothing was done. */
export class ThreadExistsError extends FamilyError {
  override readonly name = "ThreadExistsError";
  readonly code = "HOLDFAST_THREAD_EXISTS";
  readonly threadId: string;

  constructor(threadId: string) {
    super("The thread already exists. Copy to another id, or delete that thread first.");
    this.threadId = threadId;
  }
}

/** The target reads a copied checkpoint differently from the source. Do not use the thread in the target. */
export class ImportMismatchError extends FamilyError {
  override readonly name = "ImportMismatchError";
  readonly code = "HOLDFAST_IMPORT_MISMATCH";
  readonly threadId: string;
  readonly namespace: string;
  readonly checkpointId: string;
  /** Where they differ, e.g. `channel_values.messages[3].content`. */
  readonly path: string;

  constructor(checkpoint: CheckpointName, path: string) {
    const { threadId, namespace, checkpointId } = checkpoint;
    super(`The ${nameOf(checkpoint)} is not the same in the target as in the source: ${path} differs.`);
    this.threadId = threadId;
    this.namespace = namespace;
    this.checkpointId = checkpointId;
    this.path = path;
  }
}
