import { isHoldfastError } from "@holdfast/checkpoint-core";

/** The monotonic clock that all processes of a machine share, in milliseconds. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** When an operation was asked for and answered, and how. Without `to`, there was no answer: its process died. */
export interface Recorded {
  readonly from: number;
  readonly to?: number;
  /** The same by the clock that can be set, which the stores go by: a lease lasts by it. */
  readonly clock?: { readonly from: number; readonly to?: number };
  /**
   * `refused`: told that nothing was done. `unknown`: it may have been done or not, also later. `perhaps`: it was done when it was answered, and may have been lost
   * in a failover; only a judge says that.
   */
  readonly outcome: "ok" | "refused" | "unknown" | "perhaps";
  /** Of the error. */
  readonly code?: string;
}

/**
 * Runs an operation, and tells of it twice: when it is asked for, with an unknown outcome, and when it is answered.
 *
 * @param learned what the answer says; `outcome`, where it is no acknowledgement.
 * @returns `undefined` when it was refused, or nobody knows.
 */
export async function recorded<Result>(
  tell: (operation: Recorded) => Promise<void> | void,
  refusals: readonly string[],
  run: () => Promise<Result>,
  learned: (result: Result) => object = () => ({}),
): Promise<Result | undefined> {
  const [from, clockFrom] = [now(), Date.now()];
  const answered = (): Pick<Recorded, "from" | "to" | "clock"> => ({
    from,
    to: now(),
    clock: { from: clockFrom, to: Date.now() },
  });
  await tell({ from, clock: { from: clockFrom }, outcome: "unknown" });
  try {
    const result = await run();
    await tell({ outcome: "ok", ...learned(result), ...answered() });
    return result;
  } catch (error) {
    if (!isHoldfastError(error)) throw error;
    const { code } = error;
    await tell({ ...answered(), outcome: refusals.includes(code) ? "refused" : "unknown", code });
    return undefined;
  }
}
