import { describe, it as registerTest } from "vitest";
import { type ConformanceCase, type ConformanceSuite, runCase, whyNot } from "./case.js";
import { allSuites } from "./suites.js";
import type { ConformanceTarget } from "./target.js";

const timeLimit = ({ options: { timeout } }: ConformanceCase): { timeout?: number } => (timeout === undefined ? {} : { timeout });

/**
 * Registers the suites as vitest tests.
 *
 * Call it at the top level of a test file. `suites` narrows what runs; without it, everything does.
 */
export function checkpointConformance(target: ConformanceTarget, suites: readonly ConformanceSuite[] = allSuites): void {
  describe(`${target.name} keeps the checkpoint contract`, () => {
    for (const suite of suites) {
      describe(suite.name, () => {
        for (const conformanceCase of suite.cases) {
          const reason = whyNot(target, conformanceCase);
          if (reason !== undefined) {
            registerTest(`${conformanceCase.title} [skipped, ${reason}]`, (context) => context.skip(reason));
          } else {
            registerTest(conformanceCase.title, timeLimit(conformanceCase), () => runCase(target, conformanceCase));
          }
        }
      });
    }
  });
}
