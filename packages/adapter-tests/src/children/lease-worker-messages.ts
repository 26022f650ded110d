import type { ResumeReport } from "@holdfast/checkpoint-core";

interface Exclusively {
  readonly thread: string;
  readonly whenBusy?: "wait" | "reject";
  readonly ttlMs?: number;
}

/** What the lease worker is told to do. Each has a number, by which its outcome is known. */
export type Order =
  /** Adds 1 to the thread's number, so many times, one run after the other. */
  | (Exclusively & { readonly kind: "increment"; readonly times: number })
  /** Runs three steps; it holds at the step `holdAt` until it is told to go on. */
  | (Exclusively & { readonly kind: "steps"; readonly input: string; readonly holdAt?: string; readonly durability?: Durability })
  /** Runs the graph that asks a human, as far as the question. */
  | (Exclusively & { readonly kind: "ask" })
  /** Answers. By the interrupt's id, if one is given, else whatever question there is. */
  | (Exclusively & { readonly kind: "answer"; readonly answer: string; readonly interruptId?: string; readonly hold?: boolean })
  /** Answers a message that may have come before: with the steps, or with the first question. It dies at the step `dieAt`, or when its run has ended. */
  | (Exclusively & {
      readonly kind: "message";
      readonly id: string;
      readonly graph: "steps" | "questions";
      readonly holdAt?: string;
      readonly dieAt?: string | "end";
      readonly durability?: Durability;
    })
  /** Resumes abandoned threads until it is told to stop. */
  | { readonly kind: "sweep"; readonly graph: "steps" | "questions"; readonly options: SweepOptions; readonly holdAt?: string };

export type Durability = "sync" | "async" | "exit";

export interface SweepOptions {
  readonly ttlMs?: number;
  readonly olderThanMs?: number;
  readonly concurrency?: number;
  readonly maxTries?: number;
}

export type Told =
  | { readonly kind: "order"; readonly id: number; readonly order: Order }
  /** Opens every hold, now and later. */
  | { readonly kind: "go on" }
  /** Aborts the sweep. */
  | { readonly kind: "stop" };

/** What the lease worker tells. */
export type Tells =
  | { readonly kind: "ready" }
  /** A step begins. */
  | { readonly kind: "step"; readonly thread: string; readonly name: string }
  /** A step that was held goes on; `lost` is the code of the reason why its signal has aborted. */
  | { readonly kind: "released"; readonly thread: string; readonly lost: string | undefined }
  | { readonly kind: "report"; readonly report: Reported }
  | { readonly kind: "done"; readonly id: number; readonly values: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly code: string | undefined; readonly message: string };

/** Of each report what can be sent: not the error, but its code or message. */
export type Reported = Omit<ResumeReport, "error"> & { readonly error?: string };
