import { setTimeout as wait } from "node:timers/promises";
import {
  decodeId,
  decodeOf,
  faultOf,
  heldSegments,
  NO_PART,
  type Segment,
  type StoredFault,
  type ThreadPart,
} from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import { INDEX_SHARDS, type Keys } from "../keys.js";
import orderedText from "../lua/ordered.lua";
import readingText from "../lua/reading.lua";
import rowsText from "../lua/rows.lua";
import threadText from "../lua/thread.lua";
import threadStateText from "../lua/thread-state.lua";
import { decodeMember, decodeWritesRow, encodeLinks, encodeMember } from "../rows.js";
import { script } from "../script.js";
import { type ReadReply, read, statusOf } from "./read-checkpoints.js";
import entryText from "./verify.entry.lua";
import indexText from "./verify.index.lua";
import pageText from "./verify.page.lua";
import restText from "./verify.rest.lua";
import scanText from "./verify.scan.lua";
import threadLookText from "./verify.thread.lua";

const entryScript = script(entryText);
const indexScript = script(orderedText, indexText);
const pageScript = script(threadText, rowsText, readingText, pageText);
const restScript = script(threadText, rowsText, readingText, restText);
const scanScript = script(threadText, scanText);
const threadScript = script(threadText, threadStateText, threadLookText);

/** Ids are short; checkpoints, writes and segments come with all that they need, and may be megabytes each. */
const [IDS, CHECKPOINTS, SEGMENTS] = [128, 16, 32];

/** Ids of all threads of the index, and such of which only a part of the entry is left. */
export async function* allThreadIds(redis: Connection, keys: Keys): AsyncGenerator<string> {
  for (let shard = 0; shard < INDEX_SHARDS; shard += 1) {
    for (const set of [BY_CREATION, BY_LAST_WRITE]) {
      let last: readonly Buffer[] | undefined;
      do {
        const args = [set, last?.[1] ?? "", last?.[0] ?? "", IDS];
        const [, found] = await redis.run("verify", indexScript, keys.shard(shard), args);
        const threads = found as readonly (readonly [id: Buffer, score: Buffer, hasCreation: number])[];
        for (const [id, , hasCreation] of threads) if (set === BY_CREATION || hasCreation === 0) yield String(id);
        last = threads.length === IDS ? (threads.at(-1) as readonly Buffer[] | undefined) : undefined;
      } while (last !== undefined);
    }
  }
}

const [BY_CREATION, BY_LAST_WRITE] = [1, 3];

/**
 * All rows of a thread, some at a time, each part by one script.
 *
 * The ids of segments come first: what is stored there at that moment is referred to by a row that is read later, or by none.
 */
export async function* threadParts(
  redis: Connection,
  keys: Keys,
  threadId: string,
  hasRead: (segmentId: string) => boolean,
): AsyncGenerator<ThreadPart> {
  const before = await lookAtThread(redis, keys, threadId);
  if (before === undefined) return;
  yield { ...NO_PART, faults: before.faults };
  if (before.state === "") return;
  const thread = new VerifiedThread(redis, keys, threadId, before.state);
  const ids = await thread.scan("segments");
  yield* thread.checkpoints();
  yield* thread.earlyWrites();
  const unread = ids.map((id) => id.toString("hex")).filter((id) => !hasRead(id));
  for (let from = 0; from < unread.length; from += SEGMENTS) yield thread.unreferenced(unread.slice(from, from + SEGMENTS));
  const [unplaced, after] = [await thread.scan("checkpoints"), await lookAtThread(redis, keys, threadId)];
  const faults = unplaced.map(
    (member): StoredFault => ({
      kind: "index",
      ...decodeMember(member),
      message: "The checkpoint has no place in the order of its thread.",
    }),
  );
  // What the thread says of its checkpoints can only be compared with them where all were read, and nothing was written meanwhile.
  if (after?.state === before.state && thread.isWhole && faults.length === 0) faults.push(...thread.compare(after.fields));
  yield { ...NO_PART, faults };
}

/** What a thread says of itself. */
interface ThreadLook {
  /** Its key first; empty where its own record is gone. */
  readonly state: string;
  readonly fields: ReadonlyMap<string, Buffer>;
  readonly faults: readonly StoredFault[];
}

/** How often an entry that does not fit is looked at again: a write may be under way, whose entry comes at the same time. */
const LOOKS = 3;
const BETWEEN_LOOKS_MS = 100;
/** Two servers are asked one after the other. */
const CLOCK_DIFFERENCE_MS = 10_000;
/** So long a script may take that looks at the keys of a thread. */
const LOOK_MS = 100;

/** @returns `undefined` when there is no thread, or nothing in it but a lease. */
async function lookAtThread(redis: Connection, keys: Keys, threadId: string): Promise<ThreadLook | undefined> {
  for (let left = LOOKS; ; left -= 1) {
    const reply = await redis.run("verify", threadScript, keys.thread(threadId), []);
    const status = statusOf(reply, "verify");
    if (status === "none") return undefined;
    if (status === "without-record") {
      const message = "The thread's own record is gone, so that its rows cannot be found: was its key evicted?";
      return { state: "", fields: new Map(), faults: [{ kind: "index", message }] };
    }
    const [, state, pairs, highest, times] = reply as readonly [Buffer, Buffer, readonly Buffer[], Buffer, readonly number[]];
    const fields = new Map(pairs.flatMap((field, n) => (n % 2 === 0 ? [[String(field), pairs[n + 1] as Buffer] as const] : [])));
    const lasts = times.map((ms) => (ms < 0 ? Number.POSITIVE_INFINITY : ms));
    const messages = await entryFaults(redis, keys, threadId, Math.max(...lasts));
    if (messages.length > 0 && left > 1) {
      await wait(BETWEEN_LOOKS_MS);
      continue;
    }
    // Infinite where only some of them expire.
    if (Math.max(...lasts) - Math.min(...lasts) > LOOK_MS)
      messages.push("The keys of the thread do not expire at the same time.");
    if (Number(fields.get("commits") ?? 0) < Number(highest)) messages.push("The thread counts fewer commits than it has.");
    return { state: String(state), fields, faults: messages.map((message) => ({ kind: "index", message })) };
  }
}

async function entryFaults(redis: Connection, keys: Keys, threadId: string, lastsMs: number): Promise<string[]> {
  const reply = await redis.run("verify", entryScript, keys.shardOf(threadId), [threadId]);
  const [, isCreated, isUpdated, left] = reply as readonly [Buffer, number, number, Buffer];
  const faults: string[] = [];
  if (isCreated === 0) faults.push("The thread is not in the index of threads by creation, which list and sweep go by.");
  if (isUpdated === 0) faults.push("The thread is not in the index of threads by last write, which listThreads goes by.");
  if (left.length > 0 && Number(left) + CLOCK_DIFFERENCE_MS < lastsMs)
    faults.push("The entry of the thread in the index expires before the thread.");
  return faults;
}

/** One life of a thread, as it is read for `verify`. */
class VerifiedThread {
  readonly #redis: Connection;
  readonly #keys: Keys;
  readonly #threadId: string;
  readonly #threadKey: string;
  /** Whether every checkpoint of the order could be read. */
  isWhole = true;
  #hidden = 0;
  /** The newest checkpoint of each namespace that is not hidden. */
  readonly #latest = new Map<string, string>();

  constructor(redis: Connection, keys: Keys, threadId: string, state: string) {
    this.#redis = redis;
    this.#keys = keys;
    this.#threadId = threadId;
    this.#threadKey = state.slice(0, state.indexOf(" "));
  }

  /** Ids of all segments, or members: of checkpoints without a place in the order, of writes whose checkpoint is not there. */
  async scan(what: "segments" | "checkpoints" | "writes"): Promise<Buffer[]> {
    // HSCAN may give a field twice.
    const found = new Map<string, Buffer>();
    let cursor = "0";
    do {
      const reply = await this.#redis.run("verify", scanScript, this.#keys.thread(this.#threadId), [
        this.#threadKey,
        what,
        cursor,
      ]);
      if (statusOf(reply, "verify") !== "read") break;
      for (const field of reply[2] as readonly Buffer[]) found.set(field.toString("latin1"), field);
      cursor = String(reply[1]);
    } while (cursor !== "0");
    return [...found.values()];
  }

  /** In the order of their commits. */
  async *checkpoints(): AsyncGenerator<ThreadPart> {
    let known: ReadonlyMap<string, Segment> = new Map();
    let place = "";
    do {
      const args = [encodeLinks([...known.keys()]), this.#threadKey, place, CHECKPOINTS];
      const { checkpoints, segments, more } = await read(
        this.#redis,
        "verify",
        pageScript,
        this.#keys,
        this.#threadId,
        args,
        known,
      );
      if (more.length === 0) return;
      const [next, absent, hidden] = more as readonly [Buffer, readonly Buffer[], readonly Buffer[]];
      const isHidden = new Set(hidden.map((member) => member.toString("latin1")));
      this.#hidden += isHidden.size;
      for (const { namespace, checkpointId } of checkpoints)
        if (!isHidden.has(encodeMember({ namespace, checkpointId }).toString("latin1")))
          this.#latest.set(namespace, checkpointId);
      const message = "The order of the thread names the checkpoint, but it is not there.";
      const faults = absent.map((member): StoredFault => ({ kind: "missing-checkpoint", ...decodeMember(member), message }));
      if (faults.length > 0) this.isWhole = false;
      yield { ...NO_PART, checkpoints, segments, faults };
      place = String(next);
      known = heldSegments(segments);
    } while (place !== "");
  }

  /** Pending writes whose checkpoint is not there. */
  async *earlyWrites(): AsyncGenerator<ThreadPart> {
    const members = await this.scan("writes");
    for (let from = 0; from < members.length; from += CHECKPOINTS) {
      const { segments, more } = await this.#rest([], members.slice(from, from + CHECKPOINTS));
      const faults: StoredFault[] = [];
      const earlyWrites = ((more[0] ?? []) as readonly (readonly [Buffer, Buffer])[]).flatMap(([member, row]) => {
        const name = decodeMember(member);
        try {
          return [{ ...name, slots: decodeOf({ threadId: this.#threadId, ...name }, () => decodeWritesRow(row)) }];
        } catch (error) {
          faults.push(faultOf(error));
          return [];
        }
      });
      yield { ...NO_PART, earlyWrites, segments, faults };
    }
  }

  /** Segments that no row leads to. */
  async unreferenced(ids: readonly string[]): Promise<ThreadPart> {
    const { segments } = await this.#rest(ids, []);
    return { ...NO_PART, segments, unreferenced: ids.filter((id) => segments.has(id)) };
  }

  #rest(ids: readonly string[], members: readonly Buffer[]): Promise<ReadReply> {
    return read(this.#redis, "verify", restScript, this.#keys, this.#threadId, [this.#threadKey, encodeLinks(ids), ...members]);
  }

  /** Compares what the thread says of its checkpoints with those that were read. */
  compare(fields: ReadonlyMap<string, Buffer>): StoredFault[] {
    const faults: StoredFault[] = [];
    if (Number(fields.get("hidden") ?? 0) !== this.#hidden)
      faults.push({ kind: "index", message: "The thread counts another number of hidden checkpoints than it has." });
    const said = new Map<string, string>();
    for (const [field, id] of fields) if (field.startsWith(LATEST)) said.set(field.slice(LATEST.length), decodeId(id));
    for (const namespace of new Set([...said.keys(), ...this.#latest.keys()])) {
      const checkpointId = this.#latest.get(namespace);
      if (said.get(namespace) !== checkpointId)
        faults.push({
          kind: "index",
          namespace,
          message: "The thread names another checkpoint as the latest than the one that was committed last.",
        });
    }
    return faults;
  }
}

const LATEST = "latest:";
