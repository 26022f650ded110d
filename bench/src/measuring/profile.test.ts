import { expect, it } from "vitest";
import { tablesOf } from "./profile.js";

/** A profile whose samples are `interval` us apart, each of a function by its number. */
function profileOf(interval: number, functions: readonly (readonly [functionName: string, url: string])[], samples: number[]) {
  const nodes = functions.map(([functionName, url], id) => ({
    id,
    callFrame: { functionName, url, scriptId: "1", lineNumber: 0, columnNumber: 0 },
  }));
  const endTime = 1_000 + interval * samples.length;
  return { nodes, startTime: 1_000, endTime, samples, timeDeltas: samples.map(() => interval) };
}

it("a profile counts what was sampled during the work of a contender, by package and by function", () => {
  const functions = [
    ["(idle)", ""],
    ["put", "file:///x/packages/checkpoint-core/dist/index.mjs"],
    ["query", "file:///x/node_modules/.pnpm/pg@8/node_modules/pg/lib/client.js"],
    ["writeSync", "node:zlib"],
    ["setUp", "file:///x/bench/dist/main.mjs"],
  ] as const;
  // At 1,100, 1,200 ...; the first and the last are outside of all work.
  const profile = profileOf(100, functions, [4, 1, 1, 2, 0, 3, 4]);
  const tables = tablesOf(profile, [
    { name: "official", from: 1_550, to: 1_650 },
    { name: "ours", from: 1_150, to: 1_520 },
  ]);
  expect(tables.map(({ title, note, rows }) => ({ title, note: note.split(": ")[1], rows }))).toEqual([
    {
      title: "Profile of ours",
      note: "busy for 0 ms, waiting for 0 ms.",
      rows: [
        ["checkpoint-core", "66.7 %"],
        ["pg", "33.3 %"],
        ["", ""],
        ["`put` of checkpoint-core", "66.7 %"],
        ["`query` of pg", "33.3 %"],
      ],
    },
    {
      title: "Profile of official",
      note: "busy for 0 ms, waiting for 0 ms.",
      rows: [
        ["node:zlib", "100.0 %"],
        ["", ""],
        ["`writeSync` of node:zlib", "100.0 %"],
      ],
    },
  ]);
});
