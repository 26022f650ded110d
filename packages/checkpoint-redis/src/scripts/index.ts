import { createHash } from "node:crypto";
import deleteThreadText from "./delete-thread.lua";
import forgetThreadText from "./forget-thread.lua";
import getDeltaChannelHistoryText from "./get-delta-channel-history.lua";
import getTupleText from "./get-tuple.lua";
import indexThreadText from "./index-thread.lua";
import listText from "./list.lua";
import listIndexText from "./list-index.lua";
import persistText from "./persist.lua";
import putText from "./put.lua";
import putWritesText from "./put-writes.lua";
import readCheckpointsText from "./read-checkpoints.lua";
import readingText from "./reading.lua";
import rowsText from "./rows.lua";
import threadText from "./thread.lua";

/** A Lua script that the server runs as one step. */
export interface Script {
  readonly source: string;
  /** By which the server knows it. */
  readonly sha1: string;
}

function script(...parts: readonly string[]): Script {
  const source = parts.join("\n");
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}

export const getTupleScript = script(threadText, rowsText, readingText, getTupleText);
export const listScript = script(threadText, rowsText, readingText, listText);
export const readCheckpointsScript = script(threadText, rowsText, readingText, readCheckpointsText);
export const getDeltaChannelHistoryScript = script(threadText, rowsText, readingText, getDeltaChannelHistoryText);
export const putScript = script(threadText, rowsText, putText);
export const putWritesScript = script(threadText, rowsText, putWritesText);
export const deleteThreadScript = script(threadText, deleteThreadText);
export const persistScript = script(threadText, persistText);
export const indexThreadScript = script(indexThreadText);
export const listIndexScript = script(listIndexText);
export const forgetThreadScript = script(forgetThreadText);
