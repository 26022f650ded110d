import { expect, it } from "vitest";
import { checkpointConformance } from "./register.js";
import { runConformance } from "./run.js";
import type { ConformanceTarget } from "./target.js";

const nothing = async (): Promise<never> => {
  throw new Error("It is not opened.");
};
const target: ConformanceTarget = { name: "a saver", open: nothing, close: nothing };

it("C-59 a capability under a wrong name is refused, not expected", async () => {
  const wrong = { ...target, supports: { taskPaths: { no: "not yet" } } } as ConformanceTarget;
  await expect(runConformance(wrong, { suites: [] })).rejects.toThrow(/taskPaths of supports of a saver/);
  expect(() => checkpointConformance(wrong, { suites: [] })).toThrow(/taskPaths/);
});

it("C-59 an option that there is not is refused", async () => {
  await expect(runConformance(target, { suits: [] } as object)).rejects.toThrow(/suits of runConformance/);
  expect(() => checkpointConformance(target, { expectedcases: 345 } as object)).toThrow(/expectedcases of checkpointConformance/);
});
