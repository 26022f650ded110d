import { InvalidOptionsError } from "../errors.js";

/** Told of a thread that cannot be read or handled, or of one of its checkpoints; the operation goes on with what comes after it. What it throws ends the operation. */
export type OnError = (error: unknown, threadId: string) => void;

/**
 * @throws InvalidOptionsError
 */
export function resolveOnError(onError: unknown): OnError | undefined {
  if (onError === undefined || typeof onError === "function") return onError as OnError | undefined;
  throw new InvalidOptionsError("onError must be a function.");
}
