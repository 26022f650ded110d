import { MemorySaver } from "@langchain/langgraph";
import { beforeEach, expect, test } from "vitest";
import { agentGraph } from "./graph.js";
import { type LedgerLine, noteAcknowledged, RunNotes, tally } from "./ledger.js";
import type { Model } from "./model.js";
import { recordedModel } from "./recorded-model.js";
import { Runs } from "./runs.js";
import { samples } from "./samples.js";
import { threadIdOf } from "./thread-ids.js";
import { ThreadConflictError, Threads, type TurnReply } from "./threads.js";

/*
 * A worker that dies is one that waits for ever here: for a tool, or for the store. What it had stored until then is what the next one finds. That
 * processes die for real is the subject of test/demo.test.ts.
 */

const TRIP = threadIdOf(0);
const CANCELLATION = threadIdOf(1);

let saver: MemorySaver;
let lines: LedgerLine[];
let recorded: Model;
/** Names of the tools called, by all workers. */
let called: string[];

beforeEach(async () => {
  saver = new MemorySaver();
  lines = [];
  called = [];
  recorded = await recordedModel(undefined, 1);
});

interface WorkerOptions {
  /** The worker dies in this tool. */
  readonly diesIn?: string;
  readonly saver?: MemorySaver;
  /** Told of every line of the ledger. */
  readonly onLine?: (line: LedgerLine) => void;
}

function worker({ diesIn, saver: own = saver, onLine = () => {} }: WorkerOptions = {}): Threads {
  const model: Model = {
    ...recorded,
    callTool(thread, call, position) {
      called.push(call.name);
      return call.name === diesIn ? new Promise<never>(() => {}) : recorded.callTool(thread, call, position);
    },
  };
  const ledger = {
    write(line: LedgerLine) {
      lines.push(line);
      onLine(line);
    },
  };
  return new Threads({ runs: new Runs(agentGraph(model, noteAcknowledged(own, ledger)), new RunNotes(ledger)), model });
}

/** Runs a turn on a worker that dies in it; returns when the ledger says that it has come that far. */
async function crash(
  thread: string,
  turnId: string,
  options: WorkerOptions,
  until: (line: LedgerLine) => boolean,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const dying = worker({ ...options, onLine: (line) => until(line) && resolve() });
    dying.take(thread, { turnId, message: "…" }).then(() => reject(new Error("The worker has survived.")), reject);
  });
}

/** Plays a conversation to its end, or to before the turn `until`. Every request goes to a new worker. */
async function play(thread: string, until?: string): Promise<void> {
  const conversation = samples[thread === TRIP ? 0 : 1] ?? [];
  let number = 0;
  for (const { role, content } of conversation) {
    if (role !== "user") continue;
    const turnId = `turn-${++number}`;
    if (turnId === until) return;
    await answered(thread, turnId, content ?? "");
  }
}

async function answered(thread: string, turnId: string, message = "…"): Promise<TurnReply> {
  const reply = await worker().take(thread, { turnId, message });
  if (reply.status === "done") return reply;
  const approvals = Object.fromEntries(reply.approvals.map(({ id }) => [id, "approved" as const]));
  return worker().take(thread, { turnId, message, approvals });
}

/** How many results of these many searches the store has acknowledged so far. */
function searchesReported(): number {
  const begun = new Map(lines.flatMap((line) => (line.at === "begin" ? [[line.task, line.node] as const] : [])));
  return lines.filter((line) => line.at === "writes" && begun.get(line.task) === "research").length;
}

test("each turn on another worker: the messages are those of the conversation", async () => {
  await play(TRIP);
  const { messages, turns, status } = await worker().view(TRIP);
  expect(messages.map(({ role, content }) => [role, content])).toEqual(
    samples[0]?.map(({ role, content }) => [role, content ?? ""]),
  );
  expect(messages.map(({ id }) => id)).toEqual(messages.map((_, position) => `message-${position}`));
  expect(turns).toEqual(["turn-1", "turn-2", "turn-3", "turn-4"]);
  expect(status).toBe("idle");
});

test("a turn that was done is answered from the state, and changes nothing", async () => {
  await play(CANCELLATION, "turn-2");
  const before = await worker().view(CANCELLATION);
  const reply = await worker().take(CANCELLATION, { turnId: "turn-1", message: "…" });
  expect(reply).toEqual({ status: "done", answer: samples[1]?.[4]?.content });
  expect(await worker().view(CANCELLATION)).toEqual(before);
  expect(called).toEqual(["get_reservation"]);
});

test("a worker that dies in one of several tools: only that one is called again", async () => {
  await play(TRIP, "turn-2");
  await crash(TRIP, "turn-2", { diesIn: "get_weather" }, () => searchesReported() === 2);
  expect(await worker().view(TRIP)).toMatchObject({ status: "unfinished", turn: "turn-2" });
  await answered(TRIP, "turn-2");
  expect(called.toSorted()).toEqual(["get_weather", "get_weather", "search_flights", "search_flights"]);
  expect(tally(lines)).toMatchObject({ reexecuted: [], resumes: 1, pickedUp: 0 });
});

test("the ledger sees tasks that run again, here since the saver forgets pending writes", async () => {
  class Forgetful extends MemorySaver {
    override async getTuple(...args: Parameters<MemorySaver["getTuple"]>) {
      const tuple = await super.getTuple(...args);
      return tuple && { ...tuple, pendingWrites: [] };
    }
  }
  saver = new Forgetful();
  await play(TRIP, "turn-2");
  await crash(TRIP, "turn-2", { diesIn: "get_weather" }, () => searchesReported() === 2);
  await answered(TRIP, "turn-2");
  expect(tally(lines).reexecuted).toEqual([
    expect.stringContaining("research in conversation-1"),
    expect.stringContaining("research in conversation-1"),
  ]);
});

test("a worker that dies within the sub-agent: its search, which was stored, is not made again", async () => {
  class Stuck extends MemorySaver {
    override put(...args: Parameters<MemorySaver["put"]>) {
      // The checkpoint after the search, whose writes are stored.
      return "found" in args[1].channel_values ? new Promise<never>(() => {}) : super.put(...args);
    }
  }
  await play(TRIP, "turn-2");
  const stuck = Object.assign(new Stuck(), { storage: saver.storage, writes: saver.writes });
  const stored = () => {
    const searches = new Set(lines.flatMap((line) => (line.at === "begin" && line.node === "search" ? [line.task] : [])));
    return lines.filter((line) => line.at === "writes" && searches.has(line.task)).length === 2;
  };
  await crash(TRIP, "turn-2", { saver: stuck }, stored);
  await answered(TRIP, "turn-2");
  expect(called.filter((name) => name === "search_flights")).toHaveLength(2);
  expect(tally(lines).reexecuted).toEqual([]);
});

test("a worker that dies between the last write of a turn and its checkpoint: the turn is done, and done once", async () => {
  class Stuck extends MemorySaver {
    override put(...args: Parameters<MemorySaver["put"]>) {
      return (args[1].channel_values.turns as string[]).length > 0 ? new Promise<never>(() => {}) : super.put(...args);
    }
  }
  const stuck = Object.assign(new Stuck(), { storage: saver.storage, writes: saver.writes });
  const stored = () => {
    const agents = new Set(lines.flatMap((line) => (line.at === "begin" && line.node === "agent" ? [line.task] : [])));
    return lines.some((line) => line.at === "writes" && agents.has(line.task));
  };
  await crash(TRIP, "turn-1", { saver: stuck }, stored);
  await answered(TRIP, "turn-1");
  await answered(TRIP, "turn-2");
  const { messages, turns } = await worker().view(TRIP);
  expect(turns).toEqual(["turn-1", "turn-2"]);
  expect(messages.filter(({ role }) => role === "user")).toHaveLength(2);
  expect(tally(lines).reexecuted).toEqual([]);
});

test("an accepted turn whose client has given it up is finished before the next one begins", async () => {
  await play(TRIP, "turn-2");
  await crash(TRIP, "turn-2", { diesIn: "get_weather" }, () => called.length === 3);
  await answered(TRIP, "turn-3");
  expect((await worker().view(TRIP)).turns).toEqual(["turn-1", "turn-2", "turn-3"]);
});

test("two approvals at once wait on any worker, are answered one by one, and do not count as run again", async () => {
  await play(TRIP, "turn-3");
  const turn = { turnId: "turn-3", message: "Please book both." };
  const reply = await worker().take(TRIP, turn);
  if (reply.status !== "waiting") throw new Error("The turn should wait.");
  expect(reply.approvals.map(({ tool, args }) => [tool, args])).toEqual([
    ["book_flight", { flight: "HF 210", date: "2030-06-03" }],
    ["book_flight", { flight: "HF 211", date: "2030-06-10" }],
  ]);
  expect(await worker().take(TRIP, turn)).toEqual(reply);
  expect(await worker().view(TRIP)).toMatchObject({ status: "waiting", turn: "turn-3", approvals: reply.approvals });

  const [first, second] = reply.approvals;
  const half = await worker().take(TRIP, { ...turn, approvals: { [first?.id ?? ""]: "approved" } });
  expect(half.status).toBe("waiting");
  const whole = { ...turn, approvals: { [second?.id ?? ""]: "declined" as const } };
  expect(await worker().take(TRIP, whole)).toMatchObject({ status: "done" });
  expect(await worker().take(TRIP, whole)).toMatchObject({ status: "done" });

  const { messages } = await worker().view(TRIP);
  expect(messages.slice(11, 13).map(({ content }) => content)).toEqual([samples[0]?.[11]?.content, "A person declined this."]);
  expect(called.filter((name) => name === "book_flight")).toHaveLength(1);
  expect(tally(lines)).toMatchObject({ reexecuted: [], resumes: 0 });
});

test("a worker that dies in an approved tool: the approval holds or is asked for again, the tool has one result", async () => {
  await play(CANCELLATION, "turn-2");
  const turn = { turnId: "turn-2", message: "Yes." };
  const reply = await worker().take(CANCELLATION, turn);
  if (reply.status !== "waiting") throw new Error("The turn should wait.");
  const approvals = Object.fromEntries(reply.approvals.map(({ id }) => [id, "approved" as const]));
  await new Promise<void>((resolve) => {
    const dying = worker({
      diesIn: "cancel_reservation",
      onLine: (line) => line.at === "begin" && line.node === "change" && resolve(),
    });
    void dying.take(CANCELLATION, { ...turn, approvals });
  });
  expect(await worker().take(CANCELLATION, { ...turn, approvals })).toMatchObject({ status: "done" });
  expect((await worker().view(CANCELLATION)).messages).toHaveLength(samples[1]?.length ?? 0);
  expect(tally(lines).reexecuted).toEqual([]);
});

test("another turn is refused while one waits for an approval", async () => {
  await play(CANCELLATION, "turn-2");
  await worker().take(CANCELLATION, { turnId: "turn-2", message: "Yes." });
  await expect(worker().take(CANCELLATION, { turnId: "turn-3", message: "Hello?" })).rejects.toThrow(ThreadConflictError);
});

test("a client that has lost its worker sees how its turn stands", async () => {
  expect(await worker().look(TRIP, "turn-1")).toEqual({ status: "unknown" });
  await play(TRIP, "turn-2");
  expect(await worker().look(TRIP, "turn-1")).toEqual({ status: "done", answer: samples[0]?.[2]?.content });
  expect(await worker().look(TRIP, "turn-2")).toEqual({ status: "unknown" });
  await crash(TRIP, "turn-2", { diesIn: "get_weather" }, () => called.length === 3);
  expect(await worker().look(TRIP, "turn-2")).toEqual({ status: "unfinished" });
  await answered(TRIP, "turn-2");
  const reply = await worker().take(TRIP, { turnId: "turn-3", message: "Please book both." });
  expect(await worker().look(TRIP, "turn-3")).toEqual(reply);
});
