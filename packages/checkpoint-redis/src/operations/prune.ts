import {
  type CheckpointKey,
  type CheckpointSummary,
  checkpointName,
  encodeId,
  type PruneInput,
  type PruneOutcome,
} from "@holdfast/checkpoint-core/adapter";
import type { Connection, Reply } from "../client.js";
import type { Keys } from "../keys.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import threadStateText from "../lua/thread-state.lua";
import tombstonesText from "../lua/tombstones.lua";
import { encodeMember, encodeWriter } from "../rows.js";
import { script } from "../script.js";
import { freeSegments } from "./free-segments.js";
import pruneText from "./prune.lua";
import dropWritesOfRunsText from "./prune.writes.lua";
import { statusOf } from "./read-checkpoints.js";
import { refusalOf } from "./write-outcome.js";

const dropWritesOfRunsScript = script(threadText, rowsText, threadStateText, dropWritesOfRunsText);
const pruneScript = script(threadText, rowsText, threadStateText, tombstonesText, pruneText);

/** How many checkpoints one script removes, which takes the server some milliseconds. */
const MOST_MEMBERS = 500;

/** The outcome; `hasEnded`: the thread was empty and is gone. */
export type Pruned = PruneOutcome & { readonly hasEnded?: boolean };

/**
 * Removes checkpoints from a thread, the oldest first, so that a process that dies in the middle leaves no branch without its end. Hides what the plan hides first;
 * if there are too many for one script, it also hides those to remove, because some may be needed to read others. Finally frees unreferenced segments.
 */
export async function prune(redis: Connection, keys: Keys, input: PruneInput): Promise<Pruned> {
  const { threadId, hide, remove, writesOfRuns, writesOfLeases } = input;
  const { threadKey, checkpoints } = input.summaries;
  const thread = keys.thread(threadId);
  const token = input.token ?? "";
  let state = threadKey;
  let bytes = 0;
  const refusalIn = (reply: Reply): Pruned | undefined => {
    const status = statusOf(reply, "prune");
    if (status !== "pruned") return refusalOf(status, reply) as Pruned;
    state = String(reply[1]);
    bytes += Number(reply[2]);
    return undefined;
  };
  if (writesOfRuns.length > 0 || writesOfLeases.length > 0) {
    const leases = writesOfLeases.map((count) => encodeWriter(BigInt(count)));
    for (const some of chunks(endsWithWrites(checkpoints, remove), MOST_MEMBERS)) {
      const args = [state, token, leases.length, writesOfRuns.length, ...leases, ...writesOfRuns, ...some];
      const refused = refusalIn(await redis.runDurably("deleteForRuns", dropWritesOfRunsScript, thread, args));
      if (refused !== undefined) return refused;
    }
  }
  const hideFirst = remove.length > MOST_MEMBERS ? [...hide, ...remove] : hide;
  const steps = [
    ...chunks(hideFirst, MOST_MEMBERS).map((some) => ({ hidden: some, removed: [] })),
    ...chunks(remove, MOST_MEMBERS).map((some) => ({ hidden: [], removed: some })),
  ];
  let latest = newLatest(checkpoints, [...remove, ...hide]);
  for (const { hidden, removed } of steps) {
    const members = [...hidden, ...removed].map(encodeMember);
    const args = [state, token, latest.length / 2, hidden.length, ...latest, ...members];
    const refused = refusalIn(await redis.runDurably("prune", pruneScript, thread, args));
    if (refused !== undefined) return refused;
    latest = [];
  }
  const freed = await freeSegments(redis, thread, threadKey.slice(0, threadKey.indexOf(" ")));
  return { kind: "pruned", bytes: bytes + freed.bytes, hasEnded: freed.hasEnded };
}

/** Members of the remaining checkpoints that have writes and no remaining child. */
function endsWithWrites(all: readonly CheckpointSummary[], remove: readonly CheckpointKey[]): Buffer[] {
  const removed = new Set(remove.map(checkpointName));
  const left = all.filter((each) => !removed.has(checkpointName(each)));
  const parents = new Set(
    left.flatMap(({ namespace, parentId }) =>
      parentId === undefined ? [] : [checkpointName({ namespace, checkpointId: parentId })],
    ),
  );
  return left.filter((each) => each.hasWrites && !parents.has(checkpointName(each))).map(encodeMember);
}

/** For each namespace whose latest checkpoint is removed: its name, and the id of the newest remaining one, `""` for none. */
function newLatest(all: readonly CheckpointSummary[], gone: readonly CheckpointKey[]): (string | Buffer)[] {
  const isGone = new Set(gone.map(checkpointName));
  const before = new Map<string, CheckpointSummary>();
  const after = new Map<string, CheckpointSummary>();
  for (const each of all) {
    if (each.isHidden) continue;
    before.set(each.namespace, each);
    if (!isGone.has(checkpointName(each))) after.set(each.namespace, each);
  }
  return [...before].flatMap(([namespace, latest]) => {
    const left = after.get(namespace);
    return left === latest ? [] : [namespace, left === undefined ? "" : encodeId(left.checkpointId)];
  });
}

function chunks<T>(items: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, n) => items.slice(n * most, (n + 1) * most));
}
