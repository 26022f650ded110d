import { bytesOf } from "../format/own.js";
import { ValueBytes } from "../format/value-bytes.js";
import { isSameJson, type Json, type JsonObject } from "./format.js";
import { LaterSearch } from "./later-search.js";
import { setOwn } from "./own-property.js";

/**
 * The JSON and the text of a value as last written. Nobody else holds the JSON.
 *
 * Each superstep writes the list of messages again, and most messages are unchanged. Their text is reused; only that of the others is made.
 */
export class PreviousEncoding {
  readonly json: Json[] | JsonObject;
  readonly text: ValueBytes;
  /** An upper estimate of the memory that it holds. */
  readonly memoryBytes: number;
  readonly members: Members;
  #ends: readonly number[] | undefined;

  constructor(members: Members, text: ValueBytes, memoryBytes: number, ends: readonly number[] | undefined) {
    this.json = members.json;
    this.members = members;
    this.text = text;
    this.memoryBytes = memoryBytes;
    this.#ends = ends;
  }

  /** The text of the members in `[from, to)`, with the commas between them. */
  textOf(from: number, to: number): ValueBytes {
    const { length } = this.members.values;
    const start = from === 0 ? 1 : (this.ends[from - 1] as number) + 1;
    return this.text.slice(start, to === length ? this.text.length - 1 : (this.ends[to - 1] as number));
  }

  /** Where each member's text ends. Found on demand, which is never for a list that only grows. */
  get ends(): readonly number[] {
    this.#ends ??= endsOf(
      0,
      Array.from(this.members.values, (_, i) => memberText(this.members, i)),
    );
    return this.#ends;
  }

  get knowsEnds(): boolean {
    return this.#ends !== undefined;
  }
}

/** The items of an array, or the properties of an object. */
interface Members {
  readonly json: Json[] | JsonObject;
  readonly keys: readonly string[] | undefined;
  readonly values: readonly Json[];
}

/** The JSON text of a value, and its encoding if that is worth keeping. */
export interface Written {
  readonly text: ValueBytes;
  readonly previousEncoding: PreviousEncoding | undefined;
}

/** Writing fewer or shorter members again is as fast as comparing them one by one. */
const MIN_MEMBERS = 4;
const MIN_MEMBER_BYTES = 64;
/** Of so many, a list of their own takes longer than their text. */
const MAX_MEMBERS = 100_000;

/** Memory of a container, besides the text and the strings of the JSON, which take up to two bytes a character. */
const CONTAINER_BYTES = 96;
/** With what a string has beside its characters. (Short words took twice what was counted of them.) */
const PLACE_BYTES = 24;

/** Writes what `JSON.stringify` writes. */
export function write(json: Json): Buffer {
  return bytesOf(JSON.stringify(json));
}

/** How many arrays and objects there are in a value, places of values in them, and members in the outermost one. */
export interface JsonSize {
  readonly containers: number;
  readonly places: number;
  readonly members: number;
}

/**
 * Writes what `JSON.stringify` writes, and reuses the text of unchanged members.
 *
 * @param old of a similar value, to which members were added and from which some were removed.
 */
export function writeAfter(old: PreviousEncoding | undefined, json: Json, size: JsonSize): Written {
  const { members: count } = size;
  const isAligned = count >= MIN_MEMBERS && count <= MAX_MEMBERS && typeof json === "object" && json !== null;
  if (!isAligned || old === undefined || Array.isArray(old.json) !== Array.isArray(json)) {
    const text = ValueBytes.of(write(json));
    const isKept = isAligned && isLong(text, count);
    return { text, previousEncoding: isKept ? encodingOf(membersOf(json), text, size, undefined) : undefined };
  }
  const members = membersOf(json);
  const { text, ends } = writeShared(old, members);
  return { text, previousEncoding: isLong(text, count) ? encodingOf(members, text, size, ends) : undefined };
}

function isLong(text: ValueBytes, count: number): boolean {
  return text.length >= count * MIN_MEMBER_BYTES;
}

function encodingOf(
  members: Members,
  text: ValueBytes,
  { containers, places }: JsonSize,
  ends: readonly number[] | undefined,
): PreviousEncoding {
  return new PreviousEncoding(members, text, 3 * text.length + CONTAINER_BYTES * containers + PLACE_BYTES * places, ends);
}

function writeShared(
  old: PreviousEncoding,
  members: Members,
): { readonly text: ValueBytes; readonly ends: readonly number[] | undefined } {
  const [open, close] = members.keys === undefined ? BRACKETS : BRACES;
  const parts = partsOf(old.members, members);
  const texts = parts.map((part) =>
    Array.isArray(part) ? Buffer.from(part.join(","), "utf8") : old.textOf(part.oldAt, part.oldAt + part.count),
  );
  const text = ValueBytes.join([open, ...texts.flatMap((part, i) => (i === 0 ? [part] : [COMMA, part])), close]);
  // The old ends are known by now if a part of the old text was reused.
  return { text, ends: old.knowsEnds ? endsOfParts(old, parts) : undefined };
}

/** A run of reused members, or the texts of new ones. */
type Part = Run | string[];

function partsOf(old: Members, members: Members): Part[] {
  const parts: Part[] = [];
  let done = 0;
  const writeUpTo = (at: number): void => {
    if (at > done) parts.push(Array.from({ length: at - done }, (_, i) => memberText(members, done + i)));
  };
  for (const run of sharedRuns(old, members)) {
    writeUpTo(run.at);
    parts.push(run);
    done = run.at + run.count;
  }
  writeUpTo(members.values.length);
  return parts;
}

function endsOfParts(old: PreviousEncoding, parts: readonly Part[]): number[] {
  const ends: number[] = [];
  for (const part of parts) {
    const before = ends.at(-1) ?? 0;
    if (Array.isArray(part)) {
      for (const end of endsOf(before, part)) ends.push(end);
      continue;
    }
    const shift = before - (old.ends[part.oldAt - 1] ?? 0);
    for (const end of old.ends.slice(part.oldAt, part.oldAt + part.count)) ends.push(end + shift);
  }
  return ends;
}

const BRACKETS = [Buffer.from("["), Buffer.from("]")] as const;
const BRACES = [Buffer.from("{"), Buffer.from("}")] as const;
const COMMA = Buffer.from(",");

function membersOf(json: Json[] | JsonObject): Members {
  if (Array.isArray(json)) return { json, keys: undefined, values: json };
  const keys = Object.keys(json);
  return { json, keys, values: keys.map((key) => json[key] as Json) };
}

function memberText({ keys, values }: Members, i: number): string {
  const text = JSON.stringify(values[i]);
  return keys === undefined ? text : `${JSON.stringify(keys[i])}:${text}`;
}

/** @param before where the previous member ends, or 0. A comma separates members; a bracket precedes the first. */
function endsOf(before: number, texts: readonly string[]): number[] {
  let end = before;
  return texts.map((text) => {
    end += 1 + Buffer.byteLength(text);
    return end;
  });
}

/** `count` members from `at` on that equal the old ones from `oldAt` on. */
interface Run {
  readonly at: number;
  readonly oldAt: number;
  readonly count: number;
}

/** The members that are the same at the start, at the end, and between them in the same order. */
function sharedRuns(old: Members, members: Members): Run[] {
  const [oldCount, count] = [old.values.length, members.values.length];
  const most = Math.min(oldCount, count);
  const isSame = (i: number, j: number): boolean =>
    old.keys?.[i] === members.keys?.[j] && isSameJson(old.values[i] as Json, members.values[j] as Json);
  let prefix = 0;
  while (prefix < most && isSame(prefix, prefix)) prefix += 1;
  let suffix = 0;
  while (suffix < most - prefix && isSame(oldCount - 1 - suffix, count - 1 - suffix)) suffix += 1;
  const runs: Run[] = [{ at: 0, oldAt: 0, count: prefix }];
  const search = new LaterSearch();
  for (let at = prefix, oldAt = prefix; at < count - suffix; ) {
    const found = search.find(oldAt, oldCount - suffix, (i) => isSame(i, at));
    if (found === undefined) {
      at += 1;
      continue;
    }
    let length = 1;
    while (at + length < count - suffix && found + length < oldCount - suffix && isSame(found + length, at + length)) length += 1;
    runs.push({ at, oldAt: found, count: length });
    at += length;
    oldAt = found + length;
  }
  runs.push({ at: count - suffix, oldAt: oldCount - suffix, count: suffix });
  return runs.filter((run) => run.count > 0);
}

/** A deep copy. */
export function copyJson(json: Json): Json {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(copyJson);
  const copy: JsonObject = {};
  for (const key of Object.keys(json)) setOwn(copy, key, copyJson(json[key] as Json));
  return copy;
}
