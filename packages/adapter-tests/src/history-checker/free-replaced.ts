import type { KeepingSaver } from "../retention/target.js";

/** Frees what puts have replaced in the threads of a program, and nothing that anybody sees (contract C-53). */
export async function freeReplaced(saver: KeepingSaver, prefix: string): Promise<void> {
  const threads: string[] = [];
  for await (const { threadId } of saver.listThreads({ prefix })) threads.push(threadId);
  for (const threadId of threads) {
    // A process that was killed may have left one behind, and a thread that somebody has the lease of is left alone.
    await (await saver.acquireThread(threadId, { waitMs: 5_000 })).release();
  }
  await saver.prune(threads, { keepLast: Number.MAX_SAFE_INTEGER });
}
