/** What the worker process is told to do. */
export interface Turn {
  readonly thread: string;
  readonly order: string;
  /** Goes on where the thread stands, if it has begun. */
  readonly resume?: boolean;
  readonly durability?: "sync" | "async";
}

export interface AcknowledgedPut {
  readonly kind: "put";
  readonly ns: string;
  readonly id: string;
  readonly values: Record<string, unknown>;
}

export interface AcknowledgedWrites {
  readonly kind: "writes";
  readonly ns: string;
  /** Of the checkpoint that they belong to. */
  readonly id: string;
  readonly taskId: string;
  readonly channels: readonly string[];
}

export interface StartedTask {
  readonly kind: "task";
  readonly name: string;
  readonly taskId: string;
}

/** What the worker process tells. */
export type Progress =
  | { readonly kind: "ready" }
  | StartedTask
  | AcknowledgedPut
  | AcknowledgedWrites
  | { readonly kind: "done"; readonly values: unknown }
  | { readonly kind: "failed"; readonly error: string };
