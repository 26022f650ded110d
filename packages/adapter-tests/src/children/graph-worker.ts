import "./wrong-clock.js";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { workerGraph } from "../worker-graph.js";
import type { Progress, Turn } from "./graph-worker-messages.js";
import { givenStoreUrl } from "./store-url.js";
import { tellAcknowledged } from "./telling-saver.js";

function tell(progress: Progress): void {
  process.send?.(progress);
}

/** A worker process: runs turns of the worker graph when it is told to, and tells of each task that begins and of all that the store acknowledged. */
export function runGraphWorker(open: (url: string) => BaseCheckpointSaver): void {
  const saver = open(givenStoreUrl());
  tellAcknowledged(saver, tell);
  const graph = workerGraph(saver, (name, taskId) => tell({ kind: "task", name, taskId }));

  async function run({ thread, order, resume = false, durability = "async" }: Turn): Promise<void> {
    const config = { configurable: { thread_id: thread }, durability };
    // A run that ended before its input was stored left nothing to go on from.
    const goesOn = resume && (await saver.getTuple(config)) !== undefined;
    tell({ kind: "done", values: await graph.invoke(goesOn ? null : { order }, config) });
  }

  process.on("message", (turn) => {
    run(turn as Turn).catch((error: unknown) => {
      tell({ kind: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    });
  });
  tell({ kind: "ready" });
}
