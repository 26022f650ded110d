import type { CheckpointHistory, ThreadHistory } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { decodeLabels, decodeMember, encodeLabels, encodeMember } from "../rows.js";
import { script } from "../script.js";
import { statusOf } from "./read-checkpoints.js";
import adoptHistoryText from "./thread-history.adopt.lua";
import readHistoryText from "./thread-history.read.lua";

const adoptHistoryScript = script(threadText, rowsText, adoptHistoryText);
const readHistoryScript = script(threadText, rowsText, readHistoryText);

/** Looking at as many, or changing them, takes the server some 10 ms. */
const PAGE = 1_024;

/** What else is known of a thread than its content. */
export async function threadHistory(redis: Connection, keys: Keys, threadId: string): Promise<ThreadHistory | undefined> {
  let fields = new Map<string, string>();
  const checkpoints: CheckpointHistory[] = [];
  for (let rank = "0"; rank !== ""; ) {
    const reply = await redis.run("importThreads", readHistoryScript, keys.thread(threadId), [rank, PAGE]);
    if (statusOf(reply, "importThreads") === "none") return undefined;
    const [, list, rows, next] = reply as readonly [unknown, readonly Buffer[], readonly (readonly Buffer[])[], unknown];
    fields = new Map(Array.from({ length: list.length / 2 }, (_, n) => [String(list[2 * n]), String(list[2 * n + 1])]));
    for (const [member, labels, committed] of rows as readonly (readonly [Buffer, Buffer, Buffer])[]) {
      checkpoints.push({ ...decodeMember(member), labels: decodeLabels(labels), committedAt: `${String(committed)}000` });
    }
    rank = String(next);
  }
  const labels = [...fields].flatMap(([name, value]) => (name.startsWith("label:") ? [[name.slice(6), value] as const] : []));
  return {
    labels: Object.fromEntries(labels),
    createdAt: fields.get("created") ?? "0",
    updatedAt: fields.get("updated") ?? "0",
    checkpoints,
  };
}

/**
 * Gives a copied thread the history of the original.
 *
 * @returns when it was begun and last written to, in microseconds since 1970, which the index is to know; `undefined` where it has gone on in between.
 */
export async function adoptHistory(
  redis: Connection,
  keys: Keys,
  threadId: string,
  { labels, createdAt, updatedAt, checkpoints }: ThreadHistory,
): Promise<{ readonly createdAt: string; readonly updatedAt: string } | undefined> {
  // A thread is as old here as its first checkpoint.
  const oldest = checkpoints.reduce((least, { committedAt }) => Math.min(least, Number(committedAt)), Number.POSITIVE_INFINITY);
  const times = { createdAt: oldest === Number.POSITIVE_INFINITY ? createdAt : String(oldest), updatedAt };
  const fields = Object.entries(labels).map(([name, value]) => [`label:${name}`, value] as const);
  for (let from = 0; from === 0 || from < checkpoints.length; from += PAGE) {
    const isLast = from + PAGE >= checkpoints.length;
    const page = checkpoints.slice(from, from + PAGE);
    const reply = await redis.runDurably("importThreads", adoptHistoryScript, keys.thread(threadId), [
      checkpoints.length,
      isLast ? times.createdAt : "",
      isLast ? times.updatedAt : "",
      fields.length,
      ...fields.flat(),
      ...page.flatMap((each) => [
        encodeMember(each),
        encodeLabels(each.labels),
        String(Math.floor(Number(each.committedAt) / 1_000)),
      ]),
    ]);
    if (statusOf(reply, "importThreads") !== "adopted") return undefined;
  }
  return times;
}
