import { inspect } from "node:util";
import { expect, it } from "vitest";
import { failureOf } from "./failure.js";

export interface InvalidOptionsTarget {
  /** Makes a saver with these options. */
  make(options: object): unknown;
  /** Options that only this adapter has, or that it has not, with values that make no sense. */
  readonly own: readonly object[];
}

/** Of options that all adapters have. */
const COMMON: readonly object[] = [
  { cacheBytes: -1 },
  { maxLeaseTtlMs: 0 },
  { maxLeaseTtlMs: 2 ** 40 },
  { maxValueBytes: 0 },
  { maxValueBytes: 2 ** 40 },
  { maxPutBytes: 0 },
  { maxPutBytes: 2 ** 30 },
  { maxPutBytes: 1.5 },
  { retry: { maxAttempts: 0 } },
  { retry: { minDelayMs: -1 } },
  { retry: { maxElapsedMs: Number.POSITIVE_INFINITY } },
  { fallback: { getTuple: "of another kind" } },
];

/** Registers the tests of options that are refused. */
export function invalidOptionTests({ make, own }: InvalidOptionsTarget): void {
  for (const options of [...own, ...COMMON]) {
    it(`C-71 the options ${inspect(options)} are refused when the saver is made`, async () => {
      const error = await failureOf(async () => make(options));
      expect(error).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" });
    });
  }
}
