import { callback } from "../config/options.js";
import type { FailedTry } from "./retry.js";

/** What a saver tells its option `onEvent` (contract C-130). It holds names, codes and times, never what is stored. */
export type HoldfastEvent = OperationEvent | RetryEvent | LeaseLostEvent;

/** A call of the saver has ended. */
export interface OperationEvent {
  readonly kind: "operation";
  /** The method, e.g. `"put"`. */
  readonly operation: string;
  /** The thread that the call names. */
  readonly threadId: string | undefined;
  /** Milliseconds from the call to its end, retries included. Of a list, only the time that the saver took, not that of who reads it. */
  readonly durationMs: number;
  /** What the call failed with; `undefined`: it did not. */
  readonly error: unknown;
}

/** A try has failed for a reason that may go away by itself, and there will be another (contract C-70). */
export interface RetryEvent {
  readonly kind: "retry";
  /** What is tried, as in the message of its error. */
  readonly operation: string;
  /** Of the try that failed: 1 for the first. */
  readonly attempt: number;
  /** Milliseconds until the next one. */
  readonly delayMs: number;
  /** For how many milliseconds after that there may be further ones. */
  readonly leftMs: number;
  /** What the call would fail with if this had been its last try. It names the server. */
  readonly error: unknown;
}

/** A lease of this process was lost: nobody renewed it in time, or somebody took it away (contract C-92). */
export interface LeaseLostEvent {
  readonly kind: "lease-lost";
  readonly threadId: string;
}

/** Called at once, in the middle of the work: it should return soon. */
export type OnEvent = (event: HoldfastEvent) => void;

/** Tells a listener what happens. What the listener throws, at once or later, changes nothing but for a warning of the process. */
export class Events {
  readonly #listener: OnEvent | undefined;
  #hasWarned = false;

  /** @throws InvalidOptionsError */
  constructor(onEvent?: OnEvent) {
    this.#listener = callback("onEvent", onEvent);
  }

  get isHeard(): boolean {
    return this.#listener !== undefined;
  }

  emit(event: HoldfastEvent): void {
    try {
      const later: unknown = this.#listener?.(event);
      if (later instanceof Promise) later.catch((error: unknown) => this.#warn(error));
    } catch (error) {
      this.#warn(error);
    }
  }

  /** What `retry` is to call; `undefined` where nobody listens. */
  retrying(operation: string, errorOf: (failure: unknown) => unknown): ((failed: FailedTry) => void) | undefined {
    if (!this.isHeard) return undefined;
    return ({ error, ...times }) => this.emit({ kind: "retry", operation, ...times, error: errorOf(error) });
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const name = error instanceof Error ? error.name : typeof error;
    process.emitWarning(`onEvent threw ${name}. Nothing else depends on it; later errors of it are not reported.`, {
      type: "HoldfastWarning",
      code: "EVENT_LISTENER",
    });
  }
}
