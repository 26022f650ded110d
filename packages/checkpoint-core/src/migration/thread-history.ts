import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { ThreadStore } from "../store/thread-store.js";

/** Where a saver of ours keeps its store, for `importThreads`. */
export const STORE: unique symbol = Symbol.for("holdfast.store") as never;

type WithStore = BaseCheckpointSaver & { readonly [STORE]?: ThreadStore };

/** Between two savers of ours, gives a copied thread the labels and the times of the original: erasure by label finds it, and lists have it in its place. */
export async function copyHistory(source: BaseCheckpointSaver, target: BaseCheckpointSaver, threadId: string): Promise<void> {
  const [from, to] = [(source as WithStore)[STORE], (target as WithStore)[STORE]];
  if (from === undefined || to === undefined) return;
  const history = await from.threadHistory(threadId);
  if (history !== undefined) await to.adoptHistory(threadId, history);
}
