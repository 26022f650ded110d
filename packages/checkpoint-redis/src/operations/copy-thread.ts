import { type CopyOutcome, decodeOf, type StoredSlot, withoutSignal } from "@holdfast/checkpoint-core/adapter";
import type { Connection } from "../client.js";
import type { Keys } from "../keys.js";
import threadText from "../lua/thread.lua";
import threadStateText from "../lua/thread-state.lua";
import { decodeCheckpointRow, decodeMember, decodeSegment, decodeWritesRow, segmentKey } from "../rows.js";
import { script } from "../script.js";
import copyFinishText from "./copy-thread.finish.lua";
import copyPageText from "./copy-thread.page.lua";
import copyInText from "./copy-thread.put.lua";
import copySegmentsText from "./copy-thread.segments.lua";
import { statusOf } from "./read-checkpoints.js";
import { newThreadKey } from "./thread-key.js";

const copyFinishScript = script(threadText, copyFinishText);
const copyInScript = script(copyInText);
const copyPageScript = script(threadText, threadStateText, copyPageText);
const copySegmentsScript = script(threadText, threadStateText, copySegmentsText);

const ROWS = 256;
const SEGMENTS = 1_024;
/** Limits of one script, so that none blocks the server for long. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_FIELDS = 1_000;

/** Fields that are not copied, because the copy has its own key, times and lease. */
const OWN_FIELDS = /^(key|format|epoch|created|updated|swept|ttl|unfreed|bytes|slots|lease_.*)$/;

/** What to copy, and where. */
export interface Copying {
  readonly from: string;
  readonly to: string;
  /** The argument of scripts for the time to live of the copy. */
  readonly ttl: string;
  /** Enters the copy, which expires in so many milliseconds, into the index of threads. */
  enter(lastsMs: number): Promise<void>;
}

/**
 * Copies a thread in parts, because on a cluster the two may be on different servers. The copy has its own names beside the target, where it expires if unfinished;
 * one script then puts it in place, if the target does not exist by then. If the source is written to meanwhile, the copy starts again.
 */
export async function copyThread(redis: Connection, keys: Keys, { from, to, ttl, enter }: Copying): Promise<CopyOutcome> {
  for (;;) {
    const newKey = newThreadKey();
    const copy = new CopyInProgress(redis, keys, from, keys.copy(to, newKey));
    const fields = await copy.take();
    if (fields === "none") return { kind: "not-found" };
    if (fields === "incomplete") return { kind: fields };
    if (fields === "changed") continue;
    const args = [newKey, ttl, copy.parts, ...fields];
    // Both or neither, whoever waits: a copy that is in place and not entered would be missing from lists.
    const status = await withoutSignal(async () => {
      const reply = await redis.runDurably("copyThread", copyFinishScript, [...keys.thread(to), ...keys.copy(to, newKey)], args);
      const status = statusOf(reply, "copyThread");
      if (status === "copied") await enter(Number(reply[1]) < 0 ? Number.POSITIVE_INFINITY : Number(reply[1]));
      return status;
    });
    if (status === "exists") return { kind: "exists" };
    // Otherwise the copy took so long that its first parts have expired.
    if (status === "copied") return { kind: "copied", checkpoints: copy.checkpoints, bytes: copy.bytes };
  }
}

type Part = "checkpoints" | "order" | "segments" | "writes";
const PARTS: readonly Part[] = ["checkpoints", "order", "segments", "writes"];

class CopyInProgress {
  readonly #redis: Connection;
  readonly #from: string;
  readonly #thread: readonly string[];
  readonly #copy: readonly string[];
  readonly #batches = new Map<Part, { readonly fields: (Buffer | string)[]; bytes: number }>();
  readonly #begun = new Set<Part>();
  readonly #segments = new Set<string>();
  #wanted: string[] = [];
  #slots = 0;
  checkpoints = 0;
  bytes = 0;

  constructor(redis: Connection, keys: Keys, from: string, copy: readonly string[]) {
    this.#redis = redis;
    this.#from = from;
    this.#thread = keys.thread(from);
    this.#copy = copy;
  }

  /** How many keys the copy has. */
  get parts(): number {
    return this.#begun.size;
  }

  /** Copies everything. @returns the thread's fields and values in turn. */
  async take(): Promise<readonly (Buffer | string)[] | "none" | "incomplete" | "changed"> {
    let fields: readonly Buffer[] = [];
    let state = "";
    for (let rank = "0"; rank !== ""; ) {
      const reply = await this.#redis.run("copyThread", copyPageScript, this.#thread, [state, rank, ROWS]);
      const status = statusOf(reply, "copyThread");
      if (status !== "read") return status === "none" || status === "incomplete" ? status : "changed";
      state = String(reply[1]);
      fields = reply[2] as readonly Buffer[];
      for (const [member, place, row, writes] of reply[3] as readonly [Buffer, Buffer, Buffer, Buffer][]) {
        const { links, slots } = decodeOf({ threadId: this.#from, ...decodeMember(member) }, () => ({
          links: decodeCheckpointRow(row).record.links,
          slots: writes.length === 0 ? [] : decodeWritesRow(writes),
        }));
        this.checkpoints += 1;
        this.#want(links);
        await this.#add("checkpoints", member, row);
        await this.#add("order", place, member);
        if (slots.length > 0) await this.#addWrites(member, writes, slots);
      }
      rank = String(reply[4]);
      if (!(await this.#takeSegments(state))) return "changed";
    }
    for (const part of PARTS) await this.#send(part);
    return fields
      .flatMap((field, n) => (n % 2 === 0 && !OWN_FIELDS.test(String(field)) ? [field, fields[n + 1] as Buffer] : []))
      .concat(["bytes", String(this.bytes), "slots", String(this.#slots)].map((text) => Buffer.from(text)));
  }

  async #takeSegments(state: string): Promise<boolean> {
    while (this.#wanted.length > 0) {
      const some = this.#wanted.slice(0, SEGMENTS);
      const reply = await this.#redis.run("copyThread", copySegmentsScript, this.#thread, [state, ...some.map(segmentKey)]);
      if (statusOf(reply, "copyThread") !== "read") return false;
      const values = reply[1] as readonly Buffer[];
      this.#wanted = this.#wanted.slice(values.length);
      for (const [n, value] of values.entries()) {
        const id = segmentKey(some[n] as string);
        // The server has lost it.
        if (value.length === 0) continue;
        this.#want(decodeSegment(id, value).links);
        await this.#add("segments", id, value);
      }
    }
    return true;
  }

  #want(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.#segments.has(id)) continue;
      this.#segments.add(id);
      this.#wanted.push(id);
    }
  }

  async #addWrites(member: Buffer, writes: Buffer, slots: readonly StoredSlot[]): Promise<void> {
    this.#slots += slots.length;
    for (const { links } of slots) this.#want(links);
    await this.#add("writes", member, writes);
  }

  async #add(part: Part, field: Buffer, value: Buffer): Promise<void> {
    const batch = this.#batches.get(part) ?? { fields: [], bytes: 0 };
    this.#batches.set(part, batch);
    batch.fields.push(field, value);
    batch.bytes += value.length;
    if (part !== "order") this.bytes += value.length;
    if (batch.bytes >= MOST_BYTES || batch.fields.length >= 2 * MOST_FIELDS) await this.#send(part);
  }

  async #send(part: Part): Promise<void> {
    const batch = this.#batches.get(part);
    this.#batches.delete(part);
    if (batch === undefined) return;
    this.#begun.add(part);
    const key = this.#copy[PARTS.indexOf(part)] as string;
    await this.#redis.runDurably("copyThread", copyInScript, [key], [part === "order" ? "order" : "hash", ...batch.fields]);
  }
}
