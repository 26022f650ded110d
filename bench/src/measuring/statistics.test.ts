import { expect, test } from "vitest";
import { fitLine, fitPower, mean, median, medianRatio, quantile } from "./statistics.js";

test.each([
  [[3, 1, 2], 0.5, 2],
  [[4, 1, 3, 2], 0.5, 3],
  [[10, 9, 8], 0.99, 10],
  [[5], 0, 5],
])("the quantile of %j at %d", (values, share, expected) => {
  expect(quantile(values, share)).toBe(expected);
});

test("of no values there is neither quantile nor mean", () => {
  expect(quantile([], 0.5)).toBeNaN();
  expect(mean([])).toBeNaN();
});

test("values are ordered as numbers, and stay as they were", () => {
  const values = [100, 9, 20];
  expect(median(values)).toBe(20);
  expect(values).toEqual([100, 9, 20]);
});

test("a ratio is the median of the rounds' ratios, not the ratio of the medians", () => {
  expect(medianRatio([1, 2, 90], [2, 4, 9])).toBe(0.5);
});

test("a ratio looks at the rounds that both have", () => {
  expect(medianRatio([1, 2, 90], [2, 4])).toBe(0.5);
  expect(medianRatio([1, 2], [2, 4, 9])).toBe(0.5);
});

test("a line goes through points that lie on one", () => {
  expect(
    fitLine([
      [1, 5],
      [2, 7],
      [4, 11],
    ]),
  ).toEqual({ slope: 2, intercept: 3 });
});

test("a line is that of least squares", () => {
  const { slope, intercept } = fitLine([
    [0, 0],
    [1, 3],
    [2, 0],
  ]);
  expect(slope).toBeCloseTo(0);
  expect(intercept).toBeCloseTo(1);
});

test.each([1, 1.5, 2])("a power of %d is found", (power) => {
  expect(fitPower([1, 2, 5, 9].map((x) => [x, 7 * x ** power]))).toBeCloseTo(power);
});
