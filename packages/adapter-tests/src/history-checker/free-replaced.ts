import { checkpointOf } from "../plain-checkpoints.js";
import type { KeepingSaver } from "../retention/target.js";

/**
 * Frees what puts have replaced in the threads of a program, and nothing that anybody sees. A prune that takes nothing out frees nothing, so a
 * checkpoint is put beside the others, and deleted with its run.
 */
export async function freeReplaced(saver: KeepingSaver, prefix: string): Promise<void> {
  const run = `${prefix}freed`;
  const threads: string[] = [];
  for await (const { threadId } of saver.listThreads({ prefix })) threads.push(threadId);
  for (const threadId of threads) {
    // A process that was killed may have left one behind.
    await (await saver.acquireThread(threadId, { waitMs: 5_000 })).release();
    const config = { configurable: { thread_id: threadId, checkpoint_ns: "freed" }, metadata: { run_id: run } };
    await saver.put(config, checkpointOf({ freed: 1 }), { source: "loop", step: 0, parents: {} }, { freed: 1 });
  }
  await saver.deleteForRuns([run]);
}
