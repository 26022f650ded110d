import { createHash } from "node:crypto";
import acquireLeaseText from "./acquire-lease.lua";
import changeLeaseNoteText from "./change-lease-note.lua";
import deleteThreadText from "./delete-thread.lua";
import endedLeaseNotesText from "./ended-lease-notes.lua";
import fetchSegmentsText from "./fetch-segments.lua";
import forgetThreadText from "./forget-thread.lua";
import getDeltaChannelHistoryText from "./get-delta-channel-history.lua";
import getTupleText from "./get-tuple.lua";
import handOverLeaseText from "./hand-over-lease.lua";
import indexThreadText from "./index-thread.lua";
import leaseStateText from "./lease-state.lua";
import listText from "./list.lua";
import listIndexText from "./list-index.lua";
import noteLeaseText from "./note-lease.lua";
import persistText from "./persist.lua";
import putText from "./put.lua";
import putWritesText from "./put-writes.lua";
import readCheckpointsText from "./read-checkpoints.lua";
import readingText from "./reading.lua";
import releaseLeaseText from "./release-lease.lua";
import renewLeaseText from "./renew-lease.lua";
import rowsText from "./rows.lua";
import threadText from "./thread.lua";
import withdrawLeaseText from "./withdraw-lease.lua";

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
export const fetchSegmentsScript = script(threadText, rowsText, readingText, fetchSegmentsText);
export const getDeltaChannelHistoryScript = script(threadText, rowsText, readingText, getDeltaChannelHistoryText);
export const putScript = script(threadText, rowsText, putText);
export const putWritesScript = script(threadText, rowsText, putWritesText);
export const deleteThreadScript = script(threadText, deleteThreadText);
export const persistScript = script(threadText, persistText);
export const indexThreadScript = script(indexThreadText);
export const listIndexScript = script(listIndexText);
export const forgetThreadScript = script(forgetThreadText);
export const acquireLeaseScript = script(threadText, acquireLeaseText);
export const renewLeaseScript = script(threadText, renewLeaseText);
export const releaseLeaseScript = script(threadText, releaseLeaseText);
export const handOverLeaseScript = script(threadText, handOverLeaseText);
export const withdrawLeaseScript = script(threadText, withdrawLeaseText);
export const leaseStateScript = script(threadText, leaseStateText);
export const noteLeaseScript = script(noteLeaseText);
export const changeLeaseNoteScript = script(changeLeaseNoteText);
export const endedLeaseNotesScript = script(endedLeaseNotesText);
