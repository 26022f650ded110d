import { expect, test } from "vitest";
import { parseOptions, UsageError } from "./options.js";

test("without options: three workers, Postgres, ten kills, three freezes, ten doubles", () => {
  expect(parseOptions([])).toEqual({
    workers: 3,
    store: "postgres",
    transcripts: undefined,
    limit: undefined,
    kills: 10,
    freezes: 3,
    doubles: 10,
    webhooks: 60,
    seed: 1,
    concurrency: 8,
    latencyMs: 25,
    json: false,
  });
});

test("options are taken as given, also behind the dashes of `pnpm demo --`", () => {
  expect(parseOptions(["--", "--workers", "5", "--limit=7", "--kills", "0", "--transcripts", "a.jsonl", "--json"])).toMatchObject(
    {
      workers: 5,
      limit: 7,
      kills: 0,
      transcripts: "a.jsonl",
      json: true,
    },
  );
  expect(parseOptions(["-h"])).toBe("help");
});

test.each([
  [["--store", "mongo"], /--store mongo: known stores are postgres, redis\./],
  [["--freezes", "many"], /--freezes many: a whole number/],
  [["--doubles=-1"], /--doubles -1: a whole number/],
  [["--store", "toString"], /--store toString/],
  [["--workers", "0"], /--workers 0: a whole number from 1/],
  [["--kills", "1.5"], /--kills 1.5: a whole number/],
  [["--kills=-1"], /--kills -1: a whole number/],
  [["--limit", ""], /--limit/],
  [["--nonsense"], /--nonsense/],
  [["extra"], /extra/],
])("refuses %j", (args, text) => {
  expect(() => parseOptions(args)).toThrow(UsageError);
  expect(() => parseOptions(args)).toThrow(text);
});
