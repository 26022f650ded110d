import { expect, test } from "vitest";
import { targetRows } from "./targets.js";

function verdict(figures: Parameters<typeof targetRows>[0], what: string): string | undefined {
  return targetRows(figures)
    .find(([name]) => name?.includes(what))
    ?.at(-1);
}

test("at most: met at the limit, not met above it", () => {
  expect(verdict({ "unrelated keys": 1.1 }, "unrelated keys")).toBe("met");
  expect(verdict({ "unrelated keys": 1.11 }, "unrelated keys")).toBe("**not met**");
});

test("at least: met at the limit, not met below it", () => {
  expect(verdict({ "throughput / official": 3 }, "64 threads")).toBe("met");
  expect(verdict({ "throughput / official": 2.9 }, "64 threads")).toBe("**not met**");
});

test.each([[{}], [{ "unrelated keys": Number.NaN }]])("what was not measured is neither", (figures) => {
  expect(verdict(figures, "unrelated keys")).toBe("not measured");
});
