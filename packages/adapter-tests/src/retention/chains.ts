import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { at, checkpointOf } from "../plain-checkpoints.js";

/** Text that compresses badly and is different each time: it becomes segments. */
export const text = (name: string): string => Array.from({ length: 80 }, (_, n) => `${name}, line ${n * 7919}`).join("\n");

/** The values of the checkpoint at a place of a chain: one is carried over from all before it, one grows, one is new each time. */
export function valuesAt(thread: string, place: number): Record<string, unknown> {
  return {
    first: text(`${thread} first`),
    log: Array.from({ length: place + 1 }, (_, n) => text(`${thread} ${n}`)),
    last: text(`${thread} last ${place}`),
  };
}

/** Puts checkpoints one on the other, as a run would. Their ids, oldest first. */
export async function putChain(
  saver: BaseCheckpointSaver,
  thread: string,
  length: number,
  config: RunnableConfig = {},
): Promise<string[]> {
  const ids: string[] = [];
  for (let place = 0; place < length; place += 1) {
    const checkpoint = { ...checkpointOf(valuesAt(thread, place), place + 1) };
    checkpoint.channel_versions.first = 1;
    const { configurable } = at(thread, ids.at(-1));
    const newVersions = { log: place + 1, last: place + 1, ...(place === 0 ? { first: 1 } : {}) };
    const where = { ...config, configurable: { ...config.configurable, ...configurable } };
    await saver.put(where, checkpoint, { source: "loop", step: place, parents: {} }, newVersions);
    ids.push(checkpoint.id);
  }
  return ids;
}
