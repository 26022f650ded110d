import { Session } from "node:inspector/promises";

/** Of these, what they go through counts, and not that they were called: by the bytes, the arguments and the result of a call. */
const SCANS: Readonly<Record<string, (length: number, args: readonly unknown[], result: unknown) => number>> = {
  indexOf: (length, [, from = 0], result) => (Number(result) >= 0 ? Number(result) : length) - Number(from),
  includes: (length) => length,
  equals: (length) => length,
  compare: (length, [, , , from = 0, to = length]) => Number(to) - Number(from),
};
const SCANNED_AT_ONCE = 16;

/**
 * How many operations some work on values takes: how often each block of core's code was entered, and what was searched and compared natively. It depends on
 * what is done alone, not on the machine.
 */
export async function operationsOf(work: () => unknown): Promise<number> {
  let scanned = 0;
  const prototype = Buffer.prototype as unknown as Record<string, (this: Buffer, ...args: unknown[]) => unknown>;
  const originals = Object.keys(SCANS).map((name) => [name, prototype[name] as (typeof prototype)[string]] as const);
  for (const [name, original] of originals) {
    prototype[name] = function (...args) {
      const result = original.apply(this, args);
      scanned += SCANS[name]?.(this.length, args, result) ?? 0;
      return result;
    };
  }
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    await work();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    const ours = result.filter(({ url }) => url.includes("/checkpoint-core/src/") && !url.includes(".test"));
    const ranges = ours.flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges));
    return ranges.reduce((sum, { count }) => sum + count, 0) + scanned / SCANNED_AT_ONCE;
  } finally {
    await session.post("Profiler.disable");
    session.disconnect();
    for (const [name, original] of originals) prototype[name] = original;
  }
}
