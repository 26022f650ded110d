import { malformation } from "../config/ids.js";
import { duration } from "../config/options.js";
import { InvalidConfigError, InvalidOptionsError } from "../errors.js";

/** As long as the id of a message of any service. It is part of an index key in Postgres. */
const MAX_KEY_BYTES = 256;

/** Which runs have an idempotency key, checked. */
export interface IdempotencyRule {
  /** The key of `configurable` that has it. */
  readonly name: string;
  /** How long an outcome is kept, in milliseconds; `undefined`: as long as its thread. */
  readonly ttlMs: number | undefined;
}

/** @throws InvalidOptionsError */
export function resolveIdempotency(name: unknown, ttlMs: unknown): IdempotencyRule | undefined {
  if (ttlMs !== undefined && (duration("idempotencyTtlMs", ttlMs) === 0 || name === undefined)) {
    throw new InvalidOptionsError("idempotencyTtlMs must be above 0, and needs idempotencyKey.");
  }
  if (name === undefined) return undefined;
  const isUsable = typeof name === "string" && name !== "" && !name.startsWith("__") && !OTHERS.includes(name);
  if (isUsable) return { name, ttlMs: ttlMs as number | undefined };
  throw new InvalidOptionsError(
    `idempotencyKey must name a key of configurable with the id of a message, not ${JSON.stringify(name)}.`,
  );
}

const OTHERS = ["thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map"];

/**
 * The idempotency key of a call; `undefined` where it has none.
 *
 * @throws InvalidConfigError if it is empty, malformed or too long: one that went missing on the way must not turn the rule off.
 */
export function idempotencyKey({ name }: IdempotencyRule, configurable: Readonly<Record<string, unknown>>): string | undefined {
  const given = configurable[name];
  if (given === undefined) return undefined;
  const key = typeof given === "bigint" || Number.isSafeInteger(given) ? String(given) : given;
  const fault = typeof key === "string" && key !== "" ? malformation(key, MAX_KEY_BYTES) : "must be a non-empty string";
  if (fault !== undefined) throw new InvalidConfigError(`configurable.${name}, the idempotency key, ${fault}.`);
  return key as string;
}
