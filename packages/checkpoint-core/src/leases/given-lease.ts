import { InvalidOptionsError } from "../errors.js";
import type { ThreadLease } from "./lease.js";

/**
 * A lease that the caller says it has.
 *
 * @throws InvalidOptionsError
 */
export function resolveLease(given: unknown): ThreadLease | undefined {
  const lease = given as Partial<ThreadLease> | null | undefined;
  if (given === undefined || (typeof lease?.token === "string" && typeof lease.threadId === "string"))
    return given as ThreadLease | undefined;
  throw new InvalidOptionsError("lease must be a ThreadLease, as acquireThread gives it.");
}
