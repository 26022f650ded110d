import { InvalidOptionsError } from "../errors.js";

/**
 * Refuses unknown options, so that a typo cannot turn one off, and what is no object.
 *
 * @param owner what has the options, for the message: the call, or the option that they are keys of.
 * @throws InvalidOptionsError
 */
export function refuseUnknown(owner: string, options: unknown, known: readonly string[]): void {
  refuseNoObject(owner, options);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InvalidOptionsError(`Unknown option ${unknown} of ${owner}. Known options: ${known.join(", ")}.`);
}

/** @throws InvalidOptionsError */
export function refuseNoObject(owner: string, options: unknown): asserts options is object {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  throw new InvalidOptionsError(`The options of ${owner} must be an object.`);
}

/** @throws InvalidOptionsError */
export function integer(name: string, value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new InvalidOptionsError(`${name} is ${String(value)}. It must be an integer ${range}.`);
}

/** Beyond a hundred years, a duration is a mistake of units. */
const MAX_DURATION_MS = 100 * 366 * 24 * 60 * 60 * 1_000;

/**
 * A duration in milliseconds.
 *
 * @throws InvalidOptionsError
 */
export function duration(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= MAX_DURATION_MS) return value;
  throw new InvalidOptionsError(`${name} is ${String(value)}. It must be a number of milliseconds from 0 to ${MAX_DURATION_MS}.`);
}

/** @throws InvalidOptionsError */
export function flag(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new InvalidOptionsError(`${name} must be true or false.`);
}

/** @throws InvalidOptionsError */
export function oneOf<Value extends string>(name: string, value: unknown, ...values: readonly Value[]): Value {
  if (values.includes(value as Value)) return value as Value;
  throw new InvalidOptionsError(`${name} is ${String(value)}. It must be ${values.map((each) => `"${each}"`).join(" or ")}.`);
}

/** @throws InvalidOptionsError */
export function callback<Callback>(name: string, given: Callback): Callback {
  if (given === undefined || typeof given === "function") return given;
  throw new InvalidOptionsError(`${name} must be a function.`);
}

/** @throws InvalidOptionsError */
export function abortSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new InvalidOptionsError("signal must be an AbortSignal.");
}

/** Receives the error of a thread, or one of its checkpoints, that cannot be read or handled; the operation continues. What it throws ends the operation. */
export type OnError = (error: unknown, threadId: string) => void;
