import { expect, it } from "vitest";
import { allSuites, checkpointConformance, whyNot } from "../src/index.js";
import { referenceTarget } from "./reference-target.js";

const { errors: _, ...target } = referenceTarget("the reference saver, whose errors nobody tells apart");
const cases = allSuites.flatMap((suite) => suite.cases);

/** Whole programs, which take their time and fail in no way that they look at. */
const PROGRAMS = new Set([
  "random programs",
  "large state",
  "processes",
  "concurrent runs",
  "graphs",
  "time travel",
  "interrupts",
]);

// None fails.
checkpointConformance(target, { suites: allSuites.filter(({ name }) => !PROGRAMS.has(name)) });

it("without errors, the cases that tell failures apart are skipped, and no others", () => {
  const skipped = cases.filter((each) => whyNot(target, each) !== undefined);
  expect(new Set(skipped.map((each) => whyNot(target, each)))).toEqual(new Set(["the target has no errors"]));
  expect(skipped.map(({ title }) => title)).toEqual(
    expect.arrayContaining([
      "C-30 a put on a parent that another saver has deleted meanwhile is whole, or refused",
      "C-50 a delete while others write leaves each checkpoint whole or gone",
    ]),
  );
});

it("a saver that refuses no late write needs no errors for the cases in which others refuse one", () => {
  const forgiving = { ...target, supports: { tombstones: { no: "it brings deleted threads back" } } };
  const either = cases.filter(({ options }) => options.errorsFor === "tombstones");
  expect(either).toHaveLength(2);
  for (const each of either) expect(whyNot(forgiving, each), each.title).toBeUndefined();
});
