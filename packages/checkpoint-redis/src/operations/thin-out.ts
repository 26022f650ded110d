import type { CheckpointKey, ThinOutInput, ThinOutOutcome } from "@holdfast/checkpoint-core";
import type { Connection, Reply } from "../client.js";
import type { Keys } from "../keys.js";
import { encodeMember } from "../rows.js";
import { dropWritesOfRunsScript, thinOutScript } from "../scripts/index.js";
import { freeSegments } from "./free-segments.js";
import { outline } from "./outline.js";
import { statusOf } from "./read.js";
import { refusalOf } from "./write-outcome.js";

/** So many checkpoints are taken out by one script, which takes the server some milliseconds. */
const MOST_MEMBERS = 1_000;

/** What became of the thread: `hasEnded` when nothing was left in it. */
export type ThinnedOut = ThinOutOutcome & { readonly hasEnded?: boolean };

/**
 * Takes checkpoints out of a thread: those committed last first, if they are more than one script takes, so that what those that are still there are read
 * by is there, too. What is to be hidden is hidden with the first. Last, frees what nothing refers to.
 */
export async function thinOut(redis: Connection, keys: Keys, input: ThinOutInput): Promise<ThinnedOut> {
  const { threadId, threadKey, hide, remove, writesOfRuns } = input;
  const thread = keys.thread(threadId);
  const token = input.token ?? "";
  let state = threadKey;
  let bytes = 0;
  const thinned = (reply: Reply): ThinnedOut | undefined => {
    const status = statusOf(reply, "prune");
    if (status !== "thinned") return refusalOf(status, reply) as ThinnedOut;
    state = String(reply[1]);
    bytes += Number(reply[2]);
    return undefined;
  };
  if (writesOfRuns.length > 0) {
    const members = await endsWithWrites(redis, keys, input);
    if (members === undefined) return { kind: "changed" };
    for (const some of chunks(members, MOST_MEMBERS)) {
      const args = [state, token, writesOfRuns.length, ...writesOfRuns, ...some];
      const refused = thinned(await redis.runDurably("deleteForRuns", dropWritesOfRunsScript, thread, args));
      if (refused !== undefined) return refused;
    }
  }
  let hidden = hide.map(encodeMember);
  for (const some of chunks(remove.map(encodeMember).reverse(), MOST_MEMBERS)) {
    // In the order of their commits, as the newest are to be remembered.
    const args = [state, token, hidden.length, ...hidden, ...some.reverse()];
    const refused = thinned(await redis.runDurably("prune", thinOutScript, thread, args));
    if (refused !== undefined) return refused;
    hidden = [];
  }
  const freed = await freeSegments(redis, thread, threadKey.slice(0, threadKey.indexOf(" ")));
  return { kind: "thinned", bytes: bytes + freed.bytes, hasEnded: freed.hasEnded };
}

/** Members of the checkpoints that stay, have no child that stays, and have writes; `undefined` when the thread is another one by now. */
async function endsWithWrites(
  redis: Connection,
  keys: Keys,
  { threadId, threadKey, remove }: ThinOutInput,
): Promise<Buffer[] | undefined> {
  const now = await outline(redis, keys, threadId);
  if (now?.threadKey !== threadKey) return undefined;
  const removed = new Set(remove.map(nameOf));
  const left = now.checkpoints.filter((each) => !removed.has(nameOf(each)));
  const parents = new Set(
    left.flatMap(({ namespace, parentId }) => (parentId === undefined ? [] : [nameOf({ namespace, checkpointId: parentId })])),
  );
  return left.filter((each) => each.hasWrites && !parents.has(nameOf(each))).map(encodeMember);
}

function nameOf({ namespace, checkpointId }: CheckpointKey): string {
  return `${namespace}\0${checkpointId}`;
}

/** At least one, though it may be empty. */
export function chunks<T>(items: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.max(1, Math.ceil(items.length / most)) }, (_, n) => items.slice(n * most, (n + 1) * most));
}
