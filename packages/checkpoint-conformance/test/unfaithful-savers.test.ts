import type { MemorySaver } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { runCase, whyNot } from "../src/index.js";
import { deltasAsInMemory } from "../src/suites/as-in-memory/deltas.js";
import { excusesAsInMemory } from "../src/suites/as-in-memory/in-favour.js";
import { interruptsAsInMemory } from "../src/suites/as-in-memory/interrupts.js";
import { memoryTarget } from "./memory-target.js";
import * as unfaithful from "./unfaithful-savers.js";

const cases = [...deltasAsInMemory.cases, ...interruptsAsInMemory.cases];

/** Each fault, and the scenarios that are there for it. */
const faults: readonly (readonly [what: string, new () => MemorySaver, ...scenarios: string[]])[] = [
  [
    "sorts writes by task id only",
    unfaithful.SortsByTaskIdOnly,
    'nodes at once that write one message, durability "async"',
    "tasks that are sent and write one message",
    "five interrupts at once, answered by one map",
  ],
  ["reads writes by arrival", unfaithful.ReadsByArrival, 'nodes at once that write one message, durability "sync"'],
  ["loses Overwrite", unfaithful.LosesOverwrite, 'nodes at once, one of which overwrites, durability "async"'],
  ["loses the order of interrupts", unfaithful.ReversesInterrupts, "five interrupts at once, answered by several maps"],
];

describe("the scenarios compared with MemorySaver catch a saver that", () => {
  for (const [what, Saver, ...scenarios] of faults) {
    for (const scenario of scenarios) {
      const conformanceCase = cases.find(({ title }) => title === `C-15 ${scenario}: as in memory`);
      const target = memoryTarget(what, Saver);
      if (conformanceCase !== undefined && whyNot(target, conformanceCase) !== undefined) continue;
      it(`${what}: ${scenario}`, async () => {
        expect(conformanceCase).toBeDefined();
        if (conformanceCase !== undefined)
          await expect(runCase(target, conformanceCase)).rejects.toThrow(/differs from MemorySaver/);
      });
    }
  }
});

describe("an excuse fails", () => {
  for (const excuse of excusesAsInMemory.cases) {
    it(`where its difference is gone: ${excuse.title}`, async () => {
      const target = { ...memoryTarget("MemorySaver that claims everything"), supports: {} };
      await expect(runCase(target, excuse)).rejects.toThrow(/from the differences in favour/);
    });
  }
});
