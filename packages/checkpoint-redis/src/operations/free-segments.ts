import type { Connection, Reply } from "../client.js";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import threadStateText from "../lua/thread-state.lua";
import tombstonesText from "../lua/tombstones.lua";
import { decodeLinks, encodeLinks, segmentKey } from "../rows.js";
import { type Script, script } from "../script.js";
import dropSegmentsText from "./free-segments.drop.lua";
import segmentIdsText from "./free-segments.ids.lua";
import linksOfSegmentsText from "./free-segments.links.lua";
import freeSegmentsText from "./free-segments.lua";
import pageOfLinksText from "./free-segments.page.lua";
import { statusOf } from "./read-checkpoints.js";

const dropSegmentsScript = script(threadText, threadStateText, dropSegmentsText);
const freeSegmentsScript = script(threadText, rowsText, threadStateText, tombstonesText, freeSegmentsText);
const linksOfSegmentsScript = script(threadText, rowsText, threadStateText, linksOfSegmentsText);
const pageOfLinksScript = script(threadText, rowsText, threadStateText, pageOfLinksText);
const segmentIdsScript = script(threadText, threadStateText, segmentIdsText);

const ROWS = 512;
const SEGMENTS = 2_048;
/** How often a large thread that keeps changing is tried; after that, the next prune does it. */
const MOST_TRIES = 5;

/** The freed bytes, and whether the thread was then empty and is gone. */
interface Freed {
  readonly bytes: number;
  readonly hasEnded: boolean;
}

/**
 * Frees a thread's unreferenced segments. For a small thread, in one script; for a larger one, this process finds them page by page, and frees them if nothing was
 * written meanwhile, which might refer to one.
 *
 * @param threadKey the required key of the thread.
 */
export async function freeSegments(redis: Connection, thread: readonly string[], threadKey: string): Promise<Freed> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const reply = await redis.runDurably("prune", freeSegmentsScript, thread, [threadKey]);
    const status = statusOf(reply, "prune");
    if (status !== "large") return { bytes: Number(reply[1] ?? 0), hasEnded: status !== "freed" };
    const bytes = await freeByPages(new StillThread(redis, thread, String(reply[1])));
    if (bytes !== undefined) return { bytes, hasEnded: false };
  }
  return { bytes: 0, hasEnded: false };
}

/** Queries on a thread in one state, which return `undefined` once the thread has changed. */
class StillThread {
  readonly #redis: Connection;
  readonly #thread: readonly string[];
  readonly #state: string;

  constructor(redis: Connection, thread: readonly string[], state: string) {
    this.#redis = redis;
    this.#thread = thread;
    this.#state = state;
  }

  async ask(script: Script, args: readonly (string | Buffer | number)[]): Promise<Reply | undefined> {
    const reply = await this.#redis.run("prune", script, this.#thread, [this.#state, ...args]);
    return statusOf(reply, "prune") === "changed" ? undefined : reply;
  }
}

/** @returns the freed bytes; `undefined` if the thread has changed. */
async function freeByPages(thread: StillThread): Promise<number | undefined> {
  const live = await liveSegments(thread);
  const dead: string[] = [];
  for (let cursor: string | undefined; cursor !== "0"; ) {
    const reply = live && (await thread.ask(segmentIdsScript, [cursor ?? "0"]));
    if (live === undefined || reply === undefined) return undefined;
    cursor = String(reply[1]);
    for (const id of decodeLinks(reply[2] as Buffer)) if (!live.has(id)) dead.push(id);
  }
  let bytes = 0;
  do {
    const some = dead.splice(0, SEGMENTS).map(segmentKey);
    const reply = await thread.ask(dropSegmentsScript, [dead.length === 0 ? "1" : "0", ...some]);
    if (reply === undefined) return undefined;
    bytes += Number(reply[1]);
  } while (dead.length > 0);
  return bytes;
}

/** Ids of all segments that the checkpoints and writes need. */
async function liveSegments(thread: StillThread): Promise<ReadonlySet<string> | undefined> {
  const keyframes = new Set<string>();
  const live = new Set<string>();
  for (let rank = "0"; rank !== ""; ) {
    const reply = await thread.ask(pageOfLinksScript, [rank, ROWS]);
    if (reply === undefined) return undefined;
    for (const id of decodeLinks(reply[1] as Buffer)) keyframes.add(id);
    for (const id of decodeLinks(reply[2] as Buffer)) live.add(id);
    rank = String(reply[3]);
  }
  for (let wanted = [...live]; wanted.length > 0; ) {
    const some = wanted.splice(0, SEGMENTS);
    const [first, others] = [some.filter((id) => keyframes.has(id)), some.filter((id) => !keyframes.has(id))];
    const reply = await thread.ask(linksOfSegmentsScript, [encodeLinks(first), encodeLinks(others)]);
    if (reply === undefined) return undefined;
    for (const id of decodeLinks(reply[1] as Buffer)) {
      if (live.has(id)) continue;
      live.add(id);
      wanted.push(id);
    }
  }
  return live;
}
