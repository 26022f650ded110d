import { expect, test } from "vitest";
import { svg, ticks } from "./svg.js";

test.each([
  [100, 5, [0, 20, 40, 60, 80, 100]],
  [101, 5, [0, 50, 100, 150]],
  [0.3, 3, [0, 0.1, 0.2, 0.3]],
  [4, 8, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]],
  [0, 5, [0, 1]],
])("ticks up to %d, about %d", (most, about, expected) => {
  expect(ticks(most, about)).toEqual(expected);
});

const plot = {
  name: "p",
  title: "A < B & C",
  xLabel: "turn",
  yLabel: "ms",
  series: [
    { name: "one", points: [[0, 0] as const, [100, 10] as const] },
    { name: "two", points: [[100, 5] as const] },
  ],
};

test("points lie between the axes: the origin at their corner, the greatest at the far ends", () => {
  expect(svg(plot)).toContain('points="76,344 696,92"');
  expect(svg(plot)).toContain('points="696,218"');
});

test("each series has its name in the legend, and text cannot break the markup", () => {
  expect(svg(plot)).toContain(">one</text>");
  expect(svg(plot)).toContain(">two</text>");
  expect(svg(plot)).toContain(">A &lt; B &amp; C</text>");
});

test("where all points are at whole numbers, so are the marks of the axis", () => {
  const few = { ...plot, series: [{ name: "one", points: [[1, 1] as const, [4, 2] as const] }] };
  expect(svg(few)).not.toContain('text-anchor="middle">0.5<');
  expect(svg(few)).toContain('text-anchor="middle">3<');
});
