import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "@holdfast/test-servers";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

// As a user runs it: the built program against the built packages.
const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const TIMEOUT = 180_000;

let folder: string;
const started: Demo[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-demo-test-"));
});

afterEach(() => {
  // Of a test that failed or timed out.
  for (const demo of started.splice(0)) if (leftProcesses(demo)) process.kill(-(demo.child.pid ?? 0), "SIGKILL");
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Demo {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Demo {
  const child = spawn(process.execPath, [MAIN, ...args], {
    // A process group of its own, by which the test sees whether any process is left.
    detached: true,
    env: { ...process.env, OPENAI_API_KEY: "", MODEL: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const demo: Demo = { child, stdout: "", stderr: "" };
  started.push(demo);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    demo.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    demo.stderr += text;
  });
  return demo;
}

async function run(args: readonly string[], env?: NodeJS.ProcessEnv) {
  const demo = start(args, env);
  const [exitCode] = (await once(demo.child, "close")) as [number | null];
  return { exitCode, stdout: demo.stdout, stderr: demo.stderr };
}

function leftProcesses({ child }: Demo): boolean {
  try {
    return process.kill(-(child.pid ?? 0), 0);
  } catch {
    return false;
  }
}

const ZEROS = { lost: 0, doubled: 0, differing: 0, reexecuted: 0 };
/** For runs that are about something else: freezing takes its time. */
const NO_FREEZES = ["--freezes", "0", "--webhooks", "0", "--json"];

test.each([
  ["postgres", /^PostgreSQL \d+/, "bytes on disk"],
  ["redis", /^Redis \d+/, "bytes of memory"],
])("built-in conversations survive their workers on %s", { timeout: TIMEOUT }, async (store, server, measure) => {
  const args = ["--limit", "5", "--kills", "2", "--freezes", "1", "--doubles", "4", "--store", store, "--json"];
  const { exitCode, stdout, stderr } = await run(args);
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ ...ZEROS, store, measure, workers: 3, conversations: 5, turns: 14, kills: 2, fenced: 1 });
  // Who lost their worker was helped by nobody but other workers.
  expect(report.pickedUp).toBeGreaterThan(0);
  expect(report.requestsDoubled).toBeGreaterThanOrEqual(4);
  expect(report.requestsRefused + report.requestsQueued).toBeGreaterThan(0);
  expect(report).toMatchObject({
    server: expect.stringMatching(server),
    supersteps: expect.any(Number),
    resumes: expect.any(Number),
    contentBytes: expect.any(Number),
    storedBytes: expect.any(Number),
    seconds: expect.any(Number),
  });
  expect(report).toMatchObject({ webhooks: 60, webhooksNotAnsweredOnce: 0 });
  expect(report.webhookDeliveries).toBeGreaterThan(60);
  expect(Math.min(report.webhookWorkersKilled, report.webhookWorkersRedeployed)).toBeGreaterThan(1);
  expect(report.supersteps).toBeGreaterThan(3 * report.conversations);
  expect(report.storedBytes).toBeGreaterThan(report.contentBytes);
  expect(stderr).toContain("2 of which will be killed and 1 frozen");
});

test("conversations of a file are replayed message by message", { timeout: TIMEOUT }, async () => {
  const file = join(folder, "transcripts.jsonl");
  await writeFile(file, Array.from({ length: 5 }, (_, index) => `${JSON.stringify({ traj: transcript(index) })}\n`).join(""));
  const { exitCode, stdout, stderr } = await run([
    "--transcripts",
    file,
    "--limit",
    "4",
    "--kills",
    "3",
    "--seed",
    "7",
    ...NO_FREEZES,
  ]);
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ ...ZEROS, conversations: 4, turns: 12, kills: 3, model: "recorded (transcripts)" });
});

/** What real transcripts have and tidy ones have not. */
function transcript(index: number): object[] {
  const call = (id: string, name: string, args: string) => ({ id, type: "function", function: { name, arguments: args } });
  const messages: object[] = [
    { role: "user", content: `Hello ${index} – "quoted", \u0000, \\, 日本語 🎻` },
    { role: "assistant", content: "One moment.", tool_calls: [call("call_1", "get_user", '{"b": 1.0, "a": [ ]}')] },
    { role: "tool", tool_call_id: "call_1", name: "get_user", content: "" },
    // The same id again, several calls at once, of every kind.
    {
      role: "assistant",
      content: null,
      tool_calls: [
        call("call_1", "search_direct_flight", "{}"),
        call("call_2", "update_reservation", '{"n":-0}'),
        call("call_3", "calculate", '{"expression":"1+1"}'),
        call("call_4", "cancel_reservation", "{}"),
      ],
    },
    { role: "tool", tool_call_id: "call_1", name: "search_direct_flight", content: "[]" },
    { role: "tool", tool_call_id: "call_2", name: "update_reservation", content: "x".repeat(20_000) },
    { role: "tool", tool_call_id: "call_3", name: "calculate", content: "2" },
    { role: "tool", tool_call_id: "call_4", name: "cancel_reservation", content: "null" },
    { role: "assistant", content: "" },
    { role: "user", content: "" },
    { role: "assistant", content: "Pardon?" },
    { role: "user", content: "A human, please." },
    { role: "assistant", content: null, tool_calls: [call("call_9", "transfer_to_human_agents", "{}")] },
    { role: "tool", tool_call_id: "call_9", name: "transfer_to_human_agents", content: "Transferred." },
  ];
  return index % 2 === 0 ? [{ role: "system", content: "# Policy" }, ...messages] : messages;
}

test("a chat model of one's own runs the same graph live", { timeout: TIMEOUT }, async () => {
  const model = fileURLToPath(new URL("./chatty-model.mjs", import.meta.url));
  const { exitCode, stdout, stderr } = await run(["--limit", "2", "--kills", "2", ...NO_FREEZES], { MODEL: model });
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({ ...ZEROS, conversations: 2, turns: 6, kills: 2, model });
});

test("a worker that ends by itself ends the run, with its last words", { timeout: TIMEOUT }, async () => {
  const model = fileURLToPath(new URL("./dying-model.mjs", import.meta.url));
  const { exitCode, stdout, stderr } = await run(["--limit", "1", "--kills", "0", ...NO_FREEZES], { MODEL: model });
  expect(exitCode).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/Worker \d ended by itself \(exit code 3\)\. Its last words:\nI cannot go on\./);
});

test.each([
  [["--workers", "none"], "--workers none: a whole number from 1 to 100 is needed."],
  [["--store", "mongo"], "--store mongo: known stores are postgres, redis."],
  [["--wrokers", "3"], "Unknown option '--wrokers'"],
  [["--transcripts", "/no/such/file.jsonl"], "The transcripts cannot be read: ENOENT"],
])("refuses %j with exit code 2, before anything is started", async (args, text) => {
  const { exitCode, stdout, stderr } = await run(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain(text);
  expect(stderr).not.toContain("Starting");
});

test.each(["SIGINT", "SIGKILL"] as const)(
  "%s leaves no process behind, not even a frozen one",
  {
    timeout: TIMEOUT,
  },
  async (signal) => {
    // One after the other is frozen, all the time.
    const demo = start(["--limit", "30", "--freezes", "10000", "--json"]);
    const closed = once(demo.child, "close") as Promise<[number | null]>;
    await eventually("a worker is frozen", () => /[1-9]\d* of 10000 frozen/.test(demo.stderr), { timeoutMs: 60_000 });
    demo.child.kill(signal);
    const [exitCode] = await closed;
    expect(exitCode).toBe(signal === "SIGINT" ? 130 : null);
    await eventually("no process is left", () => !leftProcesses(demo));
  },
);
