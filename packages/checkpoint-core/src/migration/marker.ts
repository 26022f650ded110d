import { createHash } from "node:crypto";
import type { RunnableConfig } from "@langchain/core/runnables";
import type { Checkpoint } from "@langchain/langgraph-checkpoint";
import { withTtlMinutes } from "../config/ttl-config.js";

/** Markers are threads, since those can be deleted. */
const MARKER_PREFIX = "holdfast-takeover:";
/** A checkpoint without content. */
export const EMPTY: Omit<Checkpoint, "id"> = {
  v: 4,
  ts: new Date(0).toISOString(),
  channel_values: {},
  channel_versions: {},
  versions_seen: {},
};

/** Whether a thread of this id is the marker of a migration, and none of a user's. */
export function isMigrationMarker(threadId: string): boolean {
  return threadId.startsWith(MARKER_PREFIX);
}

/** A hash: a thread's id may be as long as an id can be. */
export function markerId(threadId: string): string {
  return MARKER_PREFIX + createHash("sha256").update(threadId).digest("hex");
}

/** It must not expire before what it stands for. */
export function markerConfig(threadId: string): RunnableConfig {
  return withTtlMinutes({ configurable: { thread_id: markerId(threadId), checkpoint_ns: "" } }, Number.POSITIVE_INFINITY);
}
