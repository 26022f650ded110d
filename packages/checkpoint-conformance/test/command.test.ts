import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { reportOf } from "../src/report.js";
import type { Report } from "../src/runner.js";

const command = fileURLToPath(new URL("../bin/checkpoint-conformance.mjs", import.meta.url));
const target = (name: string): string => fileURLToPath(new URL(`./targets/${name}`, import.meta.url));

interface Ended {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs what `pnpm build` has made. */
const run = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], { timeout: 240_000 }, (error, output, errors) => {
      resolve({ status: error === null ? 0 : Number(error.code), output, errors });
    });
  });

const patient = { timeout: 300_000 };

describe("the command", () => {
  it("reaches base with MemorySaver, and not durable", patient, async () => {
    const folder = await mkdtemp(join(tmpdir(), "conformance-"));
    try {
      const json = join(folder, "report.json");
      const [{ status, output }, durable] = await Promise.all([
        run(target("memory.mjs"), "--json", json),
        run(target("memory.mjs"), "--level", "durable", "--quiet"),
      ]);
      expect(output).toContain("✓ C-10 without a checkpoint id, the latest checkpoint of the namespace is read");
      expect(output).toMatch(/Level: base\n$/);
      expect(status).toBe(0);
      const report = JSON.parse(await readFile(json, "utf8")) as Report;
      expect(report).toMatchObject({ target: "MemorySaver", level: "base", levels: { base: { failed: 0 } } });
      expect(report.rules["C-11"]?.failed).toBe(0);
      expect(report.versions["@langchain/langgraph-checkpoint"]).toMatch(/^\d/);
      expect(durable.status).toBe(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("goes on after a case that hangs, blocks or ends the process, or leaves a rejection behind", patient, async () => {
    const { status, output } = await run(target("faulty.mjs"), "--only", "getTuple C", "--timeout", "1000");
    expect(status).toBe(1);
    const reasonOf = (title: string): string => output.slice(output.indexOf(title)).split("\n")[1]?.trim() ?? "";
    expect(reasonOf("✗ C-10 without a checkpoint id")).toBe("HangingCaseError: the case has not ended after 1000 ms");
    expect(reasonOf("✗ C-12 a parent that was never put")).toBe("the process does not answer for 8 s");
    expect(reasonOf("✗ C-14 before format 4")).toBe("the process ends (exit status 7)");
    expect(output).toContain("nobody handles an error: nobody looks at me");
    expect(output).toContain("✓ C-12 the tuple names its checkpoint and its parent; the first has no parent");
  });

  it("loads CommonJS, and functions that make a target", patient, async () => {
    expect(await run(target("memory.cjs"), "--only", "C-38")).toMatchObject({
      status: 0,
      output: expect.stringContaining("from CommonJS: 0 of 1 cases failed") as string,
    });
  });

  it("runs random commands, the same for the same seed", patient, async () => {
    const { status, output } = await run(target("memory.mjs"), "--commands", "500", "--seed", "7");
    expect(output).toContain("500 random commands with the seed 7");
    expect(status).toBe(0);
  });

  it("ends with 2 when nothing could be run", patient, async () => {
    for (const [args, message] of [
      [[], "Which module?"],
      [["nowhere.mjs"], "There is no file nowhere.mjs."],
      [[target("nothing.mjs")], "exports no target"],
      [[target("memory.mjs"), "--level", "best"], "There is no level best."],
      [[target("memory.mjs"), "--bogus"], "--bogus"],
      [[target("memory.mjs"), "--only", "no such case"], 'No case contains "no such case".'],
    ] as const) {
      const { status, errors } = await run(...args);
      expect(errors).toContain(message);
      expect(status, message).toBe(2);
    }
  });

  it("lists its cases without a module", patient, async () => {
    const { status, output } = await run("--list");
    expect(status).toBe(0);
    expect(output).toMatch(/^concurrent +getTuple: C-10 a writer whose clock is behind is not overlooked$/m);
  });
});

describe("levels", () => {
  const passed = { suite: "s", title: "t", rules: ["C-10"], requires: [], status: "passed", milliseconds: 1 } as const;

  it("are not reached by what was not asked", () => {
    const report = reportOf("a target", [
      { ...passed, level: "base" },
      { ...passed, level: "exclusive", requires: ["leases"], status: "skipped", reason: "the target has no errors" },
    ]);
    expect(report.level).toBe("base");
    expect(report.levels.exclusive.lacks.leases).toBe("the target has no errors");
  });

  it("do not look at extras", () => {
    const failed = { ...passed, level: "extra", requires: ["exactConfig"], status: "failed", reason: "no" } as const;
    expect(reportOf("a target", [{ ...passed, level: "base" }, failed]).level).toBe("base");
  });

  it("fall with the levels before them", () => {
    const report = reportOf("a target", [
      { ...passed, level: "base", status: "failed", reason: "no" },
      { ...passed, level: "durable", requires: ["losslessValues", "exactMetadata", "ownParent"] },
    ]);
    expect(report.level).toBe(null);
  });
});
