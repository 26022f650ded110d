import { afterAll, describe, expect, it as registerTest } from "vitest";
import { type ConformanceSuite, runCase, whyNot } from "./case.js";
import { refuseUnknown } from "./known-keys.js";
import { caseCount, DEFAULT_TIMEOUT_MS } from "./run.js";
import { allSuites } from "./suites.js";
import { type ConformanceTarget, checkTarget } from "./target.js";

/** What {@link checkpointConformance} registers. */
export interface ConformanceOptions {
  /** Default: all. */
  readonly suites?: readonly ConformanceSuite[];
  /**
   * How many cases must run, without those that the target skips; another number is a failure. So none goes missing unnoticed. What an older
   * LangGraph leaves out counts as if it ran, so the number is the same on each.
   */
  readonly expectedCases?: number;
}

/**
 * Registers the suites as vitest tests.
 *
 * Call it at the top level of a test file. `suites` narrows what runs; without it, everything does.
 */
export function checkpointConformance(
  target: ConformanceTarget,
  options: ConformanceOptions | readonly ConformanceSuite[] = {},
): void {
  const { suites = allSuites, expectedCases }: ConformanceOptions = "length" in options ? { suites: options } : options;
  if (!("length" in options)) refuseUnknown("checkpointConformance", options, ["suites", "expectedCases"]);
  checkTarget(target);
  describe(`${target.name} keeps the checkpoint contract`, () => {
    if (target.dispose !== undefined) afterAll(() => target.dispose?.());
    if (expectedCases !== undefined) {
      const { run, leftOut } = caseCount(target, suites);
      registerTest("as many cases run as expected", () => expect(run + leftOut).toBe(expectedCases));
    }
    for (const suite of suites) {
      describe(suite.name, () => {
        for (const conformanceCase of suite.cases) {
          const reason = whyNot(target, conformanceCase);
          if (reason !== undefined) {
            registerTest(`${conformanceCase.title} [skipped, ${reason}]`, (context) => context.skip(reason));
          } else {
            const timeout = Math.max(DEFAULT_TIMEOUT_MS, conformanceCase.options.timeout ?? 0);
            registerTest(conformanceCase.title, { timeout }, () => runCase(target, conformanceCase));
          }
        }
      });
    }
  });
}
