import {
  decodeId,
  encodeId,
  type LeaseLost,
  type RunBeginning,
  type RunEnd,
  type RunProgress,
  type StoredRun,
} from "@holdfast/checkpoint-core/adapter";
import type { Connection, Reply } from "../client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import runsText from "../lua/runs.lua";
import threadText from "../lua/thread.lua";
import { encodeWriter } from "../rows.js";
import { script } from "../script.js";
import { statusOf } from "./read-checkpoints.js";
import beginRunText from "./runs.begin.lua";
import findRunText from "./runs.find.lua";
import runProgressText from "./runs.progress.lua";
import { lostLease } from "./write-outcome.js";

const beginRunScript = script(threadText, runsText, beginRunText);
const findRunScript = script(threadText, runsText, findRunText);
const runProgressScript = script(threadText, rowsText, runsText, runProgressText);

function storedRun(reply: Reply): StoredRun | LeaseLost | undefined {
  const status = statusOf(reply, "exclusive");
  if (status === "none") return undefined;
  if (status !== "run") return lostLease(reply);
  const [, input, leases, checkpointId, details, overtakenBy] = reply as readonly [
    unknown,
    Buffer,
    Buffer[],
    Buffer,
    Buffer,
    Buffer,
  ];
  return {
    input: String(input),
    leases: leases.map(String),
    outcome: checkpointId.length === 0 ? undefined : { checkpointId: String(checkpointId), details: String(details) },
    overtakenBy: String(overtakenBy) || undefined,
  };
}

export async function findRun(redis: Connection, keys: Keys, threadId: string, key: string): Promise<StoredRun | undefined> {
  return storedRun(await redis.run("exclusive", findRunScript, keys.thread(threadId), [key])) as StoredRun | undefined;
}

export async function beginRun(
  redis: Connection,
  keys: Keys,
  threadId: string,
  token: string,
  { key, input, ttlMs, isAnew }: RunBeginning,
): Promise<StoredRun | LeaseLost> {
  const args = [token, key, input, ttlMs === undefined ? "" : Math.ceil(ttlMs), isAnew ? "1" : "0"];
  return storedRun(await redis.runDurably("exclusive", beginRunScript, keys.thread(threadId), args)) as StoredRun | LeaseLost;
}

export async function continueRun(
  redis: Connection,
  keys: Keys,
  threadId: string,
  token: string,
  key: string,
): Promise<StoredRun | LeaseLost | undefined> {
  return storedRun(await redis.runDurably("exclusive", beginRunScript, keys.thread(threadId), [token, key, "", "", "0"]));
}

/** What the script that releases a lease is told of the run that ends with it. */
export function runEndArguments({ key, checkpointId, details, ttlMs }: RunEnd): readonly (string | number | Buffer)[] {
  return [key, checkpointId, encodeId(checkpointId), details, ttlMs === undefined ? "" : Math.ceil(ttlMs)];
}

export async function runProgress(
  redis: Connection,
  keys: Keys,
  threadId: string,
  leases: readonly string[],
): Promise<RunProgress> {
  const writers = leases.map((count) => encodeWriter(BigInt(count)));
  const reply = await redis.run("exclusive", runProgressScript, keys.thread(threadId), writers);
  statusOf(reply, "exclusive");
  const [, made, head, hasWrites] = reply as readonly [unknown, Buffer, Buffer, Buffer];
  const idOf = (bytes: Buffer): string | undefined => (bytes.length === 0 ? undefined : decodeId(bytes));
  return { madeId: idOf(made), headId: idOf(head), hasWritesAtHead: String(hasWrites) === "1" };
}
