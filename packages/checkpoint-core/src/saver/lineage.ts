import type { CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import { type CheckpointKey, type CheckpointRef, isCheckpointKey } from "../config/checkpoint-ref.js";

/** Graphs around a subgraph. LangGraph nests some; a metadata of thousands is not its. */
const MOST_ORIGINS = 64;

/**
 * The checkpoints that one belongs to: its parent, and those on which the graphs around its subgraph ran, which LangGraph names in
 * `metadata.parents`. A subgraph's first checkpoint has no other tie to its thread.
 */
export function lineageOf(ref: CheckpointRef, parentId: string | undefined, { parents }: CheckpointMetadata): CheckpointKey[] {
  const { namespace, checkpointId } = ref;
  const lineage: CheckpointKey[] = [];
  if (parentId !== undefined && parentId !== checkpointId) lineage.push({ namespace, checkpointId: parentId });
  if (typeof parents !== "object" || parents === null) return lineage;
  for (const [around, id] of Object.entries(parents).slice(0, MOST_ORIGINS)) {
    if (around !== namespace && isCheckpointKey(around, id)) lineage.push({ namespace: around, checkpointId: id });
  }
  return lineage;
}
