import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type LedgerLine, openLedger, parseLedger, type Resumer, tally } from "./ledger.js";

const begin = (pid: number, task: string, { call, step = "s" }: { call?: string; step?: string } = {}): LedgerLine => ({
  at: "begin",
  pid,
  run: `${pid}-1`,
  thread: "t",
  node: "tools",
  task,
  step,
  ...(call === undefined ? {} : { call }),
});
const end = (pid: number, task: string): LedgerLine => ({ at: "end", pid, task });
const writes = (pid: number, task: string): LedgerLine => ({ at: "writes", pid, run: `${pid}-1`, task });
const run = (pid: number, resumer?: Resumer): LedgerLine => ({
  at: "run",
  pid,
  run: `${pid}-1`,
  thread: "t",
  ...(resumer && { resumer }),
});
const fenced = (pid: number): LedgerLine => ({ at: "fenced", pid, run: `${pid}-1` });
const frozen = (pid: number): LedgerLine => ({ at: "frozen", pid });

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
    run(1),
    run(2, "sweeper"),
    run(3, "request"),
  ];
  expect(tally(lines, [1, 2])).toMatchObject({ supersteps: 1, resumes: 2, pickedUp: 1, killedInNode: 1 });
});

test("counts who was frozen, and who of them was fenced then", () => {
  const lines = [fenced(1), frozen(1), frozen(2), fenced(1), fenced(1), frozen(3), frozen(1), fenced(1), fenced(4)];
  expect(tally(lines)).toMatchObject({ frozen: 4, fenced: 2 });
});

test("a fenced run begins what another one has done meanwhile: its lease was lost, and what it does is not stored", () => {
  const overtaken = [run(1), run(2), begin(2, "a"), end(2, "a"), writes(2, "a"), begin(1, "a")];
  expect(tally([...overtaken, fenced(1)]).reexecuted).toEqual([]);
  // It was not fenced: both could write.
  expect(tally(overtaken).reexecuted).toHaveLength(1);
});

test("a fenced run that began after the writes were acknowledged had no excuse", () => {
  const lines = [run(2), begin(2, "a"), writes(2, "a"), run(1), begin(1, "a"), fenced(1)];
  expect(tally(lines).reexecuted).toHaveLength(1);
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
