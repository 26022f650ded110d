import { isDeepStrictEqual } from "node:util";
import type { Labels } from "@holdfast/checkpoint-core";
import {
  decodeOf,
  encodeId,
  type ListSelection,
  type MetadataCondition,
  metadataConditions,
  type Reading,
  type Segment,
} from "@holdfast/checkpoint-core/adapter";
import type { Connection, Reply } from "../client.js";
import type { Keys } from "../keys.js";
import readingText from "../lua/reading.lua";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import { decodeLabels, decodeMember, encodeLinks } from "../rows.js";
import { script } from "../script.js";
import listText from "./list.lua";
import readCheckpointsText from "./list.read.lua";
import { read, statusOf } from "./read-checkpoints.js";

const listScript = script(threadText, rowsText, readingText, listText);
const readCheckpointsScript = script(threadText, rowsText, readingText, readCheckpointsText);

/** The first page is small, so that the first item comes soon; later ones are large, so that a long list needs few round trips. */
const FIRST_PAGE = 8;
const PAGE = 64;
/** How many checkpoints' metadata one script reads for a filter. */
const METADATA_PAGE = 512;

/**
 * The checkpoints of one thread, newest committed first, page by page.
 *
 * @param readsIncomplete for a migration.
 */
export async function* list(
  redis: Connection,
  keys: Keys,
  threadId: string,
  selection: ListSelection,
  limit: number,
  readsIncomplete: boolean,
): AsyncGenerator<Reading> {
  const thread = keys.thread(threadId);
  // Adjacent checkpoints share most of their segments. Those of previous pages are not sent again.
  let known: ReadonlyMap<string, Segment> = new Map();
  let left = limit;
  const page = (reading: Reading): Reading => {
    known = reading.segments;
    left -= reading.checkpoints.length;
    return reading;
  };
  const { labels } = selection;
  const filter = selection.filter === undefined && labels === undefined ? undefined : metadataConditions(selection.filter ?? {});
  let [cursor, threadKey] = ["", ""];
  let size = FIRST_PAGE;
  const pageOf = (what: "checkpoints" | "metadata", count: number) => [
    ...select(what, selection, known, cursor, count),
    readsIncomplete ? "1" : "0",
    threadKey,
  ];
  while (left > 0) {
    const count = Math.min(left, size);
    if (filter === undefined) {
      const reading = await read(redis, "list", listScript, keys, threadId, pageOf("checkpoints", count), known);
      yield page(reading);
      cursor = String(reading.more[0] ?? "");
      threadKey = reading.threadKey ?? "";
    } else {
      const reply = await redis.run("list", listScript, thread, pageOf("metadata", METADATA_PAGE));
      if (statusOf(reply, "list") !== "read") return;
      threadKey = String(reply[1]);
      const members = matching(threadId, reply, filter, labels ?? {});
      for (let from = 0; from < members.length && left > 0; ) {
        const some = members.slice(from, from + Math.min(left, size));
        from += some.length;
        size = PAGE;
        const args = [encodeLinks([...known.keys()]), threadKey, ...some];
        yield page(await read(redis, "list", readCheckpointsScript, keys, threadId, args, known));
      }
      cursor = String(reply[6]);
    }
    if (cursor === "") return;
    size = PAGE;
  }
}

function select(
  what: "checkpoints" | "metadata",
  { namespace, checkpointId, before }: ListSelection,
  known: ReadonlyMap<string, Segment>,
  cursor: string,
  count: number,
): (string | Buffer | number)[] {
  return [
    encodeLinks([...known.keys()]),
    what,
    namespace === undefined ? "1" : "0",
    namespace ?? "",
    checkpointId === undefined ? "" : encodeId(checkpointId),
    before === undefined ? "" : encodeId(before),
    cursor,
    count,
  ];
}

/** The members of the checkpoints that match the filter and the labels (contract C-23, C-39). */
function matching(threadId: string, reply: Reply, filter: readonly MetadataCondition[], labels: Labels): Buffer[] {
  return (reply[3] as readonly (readonly [member: Buffer, metadata: Buffer, labels: Buffer])[]).flatMap(([member, text, own]) => {
    const matches = decodeOf({ threadId, ...decodeMember(member) }, () => {
      const metadata = JSON.parse(text.toString("utf8")) as Readonly<Record<string, unknown>>;
      return hasLabels(decodeLabels(own), labels) && filter.every((condition) => holds(condition, metadata));
    });
    return matches ? [member] : [];
  });
}

export function hasLabels(own: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => Object.hasOwn(own, name) && own[name] === value);
}

/** Tests equality of JSON, not containment. */
function holds({ key, value }: MetadataCondition, metadata: Readonly<Record<string, unknown>>): boolean {
  const isThere = Object.hasOwn(metadata, key);
  return value === undefined ? !isThere : isThere && isDeepStrictEqual(metadata[key], value);
}
