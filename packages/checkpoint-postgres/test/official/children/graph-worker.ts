/** A worker process: runs turns of the worker graph when it is told to, and tells of each task that begins and of all that the store acknowledged. */
import "./wrong-clock.js";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { ChannelVersions, Checkpoint, CheckpointMetadata, PendingWrite } from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { workerGraph } from "../worker-graph.js";
import { writtenValues } from "../written-values.js";
import type { Progress, Turn } from "./graph-worker-messages.js";

function tell(progress: Progress): void {
  process.send?.(progress);
}

class TellingSaver extends PostgresSaver {
  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const values = writtenValues(checkpoint);
    const stored = await super.put(config, checkpoint, metadata, newVersions);
    tell({ kind: "put", ns: String(config.configurable?.checkpoint_ns ?? ""), id: checkpoint.id, values });
    return stored;
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], taskId: string, taskPath?: string): Promise<void> {
    const { checkpoint_ns: ns = "", checkpoint_id: id } = config.configurable ?? {};
    await super.putWrites(config, writes, taskId, taskPath);
    tell({ kind: "writes", ns: String(ns), id: String(id), taskId, channels: writes.map(([channel]) => channel) });
  }
}

const saver = new TellingSaver(new pg.Pool({ connectionString: process.env.HOLDFAST_TEST_URL, max: 4 }));
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
