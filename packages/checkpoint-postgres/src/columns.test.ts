import { describe, expect, it } from "vitest";
import { metadataColumns, metadataJson } from "./columns.js";

describe("metadata in columns", () => {
  it.each(["input", "loop", "update", "fork"])(
    "is a letter and a step where the source is %s and there is nothing else",
    (source) => {
      for (const step of [-1, 0, 12, 2 ** 31 - 1]) {
        const { metadata, source: letter, step: stored } = metadataColumns(JSON.stringify({ source, step, parents: {} }));
        expect([metadata, letter, stored]).toEqual([null, source[0], step]);
        expect(JSON.parse(metadataJson(`${letter}${stored}`))).toEqual({ source, step, parents: {} });
      }
    },
  );

  it.each([
    { source: "loop", step: 1, parents: {}, writes: null },
    { source: "loop", step: 1, parents: { "": "id" } },
    { source: "loop", step: 1, parents: [] },
    { source: "loop", step: 1, parents: null },
    { source: "loop", step: 1 },
    { source: "loop", step: 1.5, parents: {} },
    { source: "loop", step: 2 ** 31, parents: {} },
    { source: "loop", step: "1", parents: {} },
    { source: "i", step: 1, parents: {} },
    { source: "elsewhere", step: 1, parents: {} },
    { step: 1, parents: {} },
    {},
  ])("is JSON where it is anything else: %j", (metadata) => {
    const json = JSON.stringify(metadata);
    expect(metadataColumns(json)).toEqual({ metadata: json, source: null, step: null });
    expect(metadataJson(json)).toBe(json);
  });
});
