import { type CheckpointSummaries, type CheckpointSummary, decodeOf } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import threadStateText from "../lua/thread-state.lua";
import { decodeMember, decodeSummary, type SummaryRow } from "../rows.js";
import { script } from "../script.js";
import checkpointSummariesText from "./checkpoint-summaries.lua";
import { statusOf } from "./read-checkpoints.js";

const checkpointSummariesScript = script(threadText, rowsText, threadStateText, checkpointSummariesText);

/** This many take the server some 10 ms. */
const PAGE = 1_024;

/**
 * All checkpoints of a thread at one moment, in the order of their commits. The `threadKey` includes that moment: a plan is carried out only if nothing was written
 * since, so that no write to a checkpoint that is removed gets lost.
 */
export async function checkpointSummaries(
  redis: Connection,
  keys: Keys,
  threadId: string,
): Promise<CheckpointSummaries | undefined> {
  for (;;) {
    let state = "";
    let rank = "0";
    let isUnfreed = false;
    const checkpoints: CheckpointSummary[] = [];
    while (rank !== "") {
      const reply = await redis.run("prune", checkpointSummariesScript, keys.thread(threadId), [state, rank, PAGE]);
      const status = statusOf(reply, "prune");
      if (status === "none") return undefined;
      if (status === "changed") break;
      for (const row of reply[2] as readonly SummaryRow[])
        checkpoints.push(decodeOf({ threadId, ...decodeMember(row[0]) }, () => decodeSummary(row)));
      state = String(reply[1]);
      rank = String(reply[3]);
      isUnfreed = Number(reply[4]) === 1;
    }
    if (rank === "") return { threadKey: state, checkpoints, isUnfreed: async () => isUnfreed };
  }
}
