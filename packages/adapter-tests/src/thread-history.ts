import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { type OnTask, workerGraph } from "./worker-graph.js";
import { plainValue, writtenValues } from "./written-values.js";

interface HistoryEntry {
  readonly place: string;
  readonly values: Record<string, unknown>;
  readonly writes: readonly string[];
}

/** What a thread holds, without ids: equal for two threads in which the same orders were run, if neither lost or doubled anything. */
export async function threadHistory(saver: BaseCheckpointSaver, thread: string): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for await (const { config, checkpoint, metadata, pendingWrites } of saver.list({ configurable: { thread_id: thread } })) {
    // A subgraph's namespace is the node's name and its task's id.
    const ns = String(config.configurable?.checkpoint_ns).replaceAll(/:[^|]*/g, "");
    entries.push({
      place: `${ns} ${String(metadata?.step).padStart(4, " ")} ${metadata?.source}`,
      values: writtenValues(checkpoint),
      // In an order of its own: tasks that run side by side finish as they like.
      writes: (pendingWrites ?? []).map(([, channel, value]) => `${channel}: ${JSON.stringify(plainValue(value))}`).sort(),
    });
  }
  return entries.sort((a, b) => compare(`${a.place} ${JSON.stringify(a.values)}`, `${b.place} ${JSON.stringify(b.values)}`));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Runs the orders on a thread, one turn each. */
export async function runOrders(
  saver: BaseCheckpointSaver,
  thread: string,
  orders: readonly string[],
  onTask?: OnTask,
): Promise<unknown> {
  const graph = workerGraph(saver, onTask);
  let values: unknown;
  for (const order of orders) values = await graph.invoke({ order }, { configurable: { thread_id: thread } });
  return values;
}

/** What comes of the orders when nothing goes wrong. */
export async function undisturbed(
  orders: readonly string[],
): Promise<{ readonly values: unknown; readonly history: HistoryEntry[] }> {
  const saver = new MemorySaver();
  const values = await runOrders(saver, "undisturbed", orders);
  return { values, history: await threadHistory(saver, "undisturbed") };
}
