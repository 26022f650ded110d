import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type LedgerLine, openLedger, parseLedger, tally } from "./ledger.js";

const begin = (pid: number, task: string, { call, step = "s" }: { call?: string; step?: string } = {}): LedgerLine => ({
  at: "begin",
  pid,
  thread: "t",
  node: "tools",
  task,
  step,
  ...(call === undefined ? {} : { call }),
});
const end = (pid: number, task: string): LedgerLine => ({ at: "end", pid, task });
const writes = (pid: number, task: string): LedgerLine => ({ at: "writes", pid, task });

test("a task that begins again after its writes were acknowledged was run again", () => {
  expect(tally([begin(1, "a"), end(1, "a"), writes(1, "a"), begin(2, "a")]).reexecuted).toEqual(["tools in t (task a)"]);
});

test("a task that begins again without acknowledged writes was not", () => {
  expect(tally([begin(1, "a"), end(1, "a"), begin(2, "a"), writes(2, "a")]).reexecuted).toEqual([]);
});

test("the same call under another task id was run again too", () => {
  const call = "t tools 7";
  expect(tally([begin(1, "a", { call }), writes(1, "a"), begin(2, "b", { call })]).reexecuted).toHaveLength(1);
  expect(tally([begin(1, "a", { call }), begin(2, "b", { call })]).reexecuted).toEqual([]);
});

test("counts supersteps, resumes, and who died in the middle of a node", () => {
  const lines: LedgerLine[] = [
    { at: "checkpoint", pid: 1, source: "input" },
    { at: "checkpoint", pid: 1, source: "loop" },
    begin(1, "a"),
    begin(2, "b", { step: "other" }),
    end(2, "b"),
    { at: "resume", pid: 2, thread: "t" },
  ];
  expect(tally(lines, [1, 2])).toMatchObject({ supersteps: 1, resumes: 1, killedInNode: 1 });
});

test("counts finished tasks beside one in which the worker died, in the same superstep only", () => {
  const lines = [
    begin(1, "a"),
    begin(1, "b"),
    begin(1, "c", { step: "other" }),
    end(1, "a"),
    writes(1, "a"),
    end(1, "c"),
    writes(1, "c"),
  ];
  expect(tally(lines, [1]).kept).toBe(1);
  expect(tally(lines, []).kept).toBe(0);
});

test("several ledgers on one file append to it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-ledger-"));
  try {
    const file = join(folder, "ledger.jsonl");
    const [one, other] = [openLedger(file), openLedger(file)];
    one.write(begin(1, "a"));
    other.write(begin(2, "b"));
    one.write(end(1, "a"));
    expect(parseLedger(await readFile(file, "utf8"))).toEqual([begin(1, "a"), begin(2, "b"), end(1, "a")]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
