import { InvalidOptionsError, NotDurableError } from "@holdfast/checkpoint-core";
import { flag, integer, oneOf, refuseUnknown } from "@holdfast/checkpoint-core/adapter";

/** When a write counts as acknowledged. Default: when the server has it in memory. */
export interface DurabilityOptions {
  /** How many replicas must have the write, too (`WAIT`, with `fsync` `WAITAOF`). Default 0. */
  readonly replicas?: number;
  /** Whether the write must be on the disk of the server and of these replicas (`WAITAOF`, Redis 7.2, with `appendonly yes`). Default `false`. */
  readonly fsync?: boolean;
  /** How long one try waits for them, in milliseconds. Default 1,000, but at most half of `commandTimeoutMs`. */
  readonly timeoutMs?: number;
  /** If too few have it: `"error"` retries within the budget, then throws NotDurableError; `"warn"` warns, once a minute. Default `"error"`. */
  readonly whenShort?: "error" | "warn";
}

/** {@link DurabilityOptions}, checked. */
export interface Durability {
  readonly replicas: number;
  readonly fsync: boolean;
  readonly timeoutMs: number;
  readonly whenShort: "error" | "warn";
}

const KNOWN: readonly string[] = ["replicas", "fsync", "timeoutMs", "whenShort"] satisfies (keyof DurabilityOptions)[];

/**
 * @returns `undefined` if there is nothing to wait for.
 * @throws InvalidOptionsError
 */
export function resolveDurability(options: DurabilityOptions = {}, commandTimeoutMs: number): Durability | undefined {
  refuseUnknown("durability", options, KNOWN);
  // A default of 1,000 would be refused below if commands are given up sooner.
  const usualMs = Math.min(1_000, Math.ceil(commandTimeoutMs / 2));
  const { replicas = 0, fsync = false, timeoutMs = usualMs, whenShort = "error" } = options;
  integer("durability.replicas", replicas, 0);
  flag("durability.fsync", fsync);
  // 0 ms would make the server wait forever.
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs >= commandTimeoutMs) {
    throw new InvalidOptionsError(
      `durability.timeoutMs is ${String(timeoutMs)}. It must be an integer of at least 1 and below commandTimeoutMs (${commandTimeoutMs}).`,
    );
  }
  oneOf("durability.whenShort", whenShort, "error", "warn");
  return replicas === 0 && !fsync ? undefined : { replicas, fsync, timeoutMs, whenShort };
}

/** The command that waits, for the connection that wrote. */
export function waitCommand({ replicas, fsync, timeoutMs }: Durability): readonly [name: string, ...args: number[]] {
  return fsync ? ["waitaof", 1, replicas, timeoutMs] : ["wait", replicas, timeoutMs];
}

/** Throws or warns if, by the answer to {@link waitCommand}, too few have the write. */
export function checkDurable(durability: Durability, reply: unknown, operation: string): void {
  const [local, replicas] = durability.fsync ? (reply as unknown[]).map(Number) : [0, Number(reply)];
  const missing: string[] = [];
  if (durability.fsync && local !== 1) missing.push("the server has not written it to its disk");
  if ((replicas ?? 0) < durability.replicas) missing.push(`${replicas} of ${durability.replicas} replicas have it`);
  if (missing.length === 0) return;
  const text = `${operation}: the write was made, but after ${durability.timeoutMs} ms ${missing.join(" and ")}.`;
  if (durability.whenShort === "error") throw new NotDurableError(text);
  warnSometimes(text);
}

const WARN_EVERY_MS = 60_000;
let lastWarning = Number.NEGATIVE_INFINITY;

function warnSometimes(text: string): void {
  const now = performance.now();
  if (now - lastWarning < WARN_EVERY_MS) return;
  lastWarning = now;
  process.emitWarning(text, { type: "HoldfastWarning", code: "HOLDFAST_NOT_DURABLE" });
}
