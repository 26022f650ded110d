import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import type { Json, JsonObject } from "./format.js";
import { MESSAGE_CLASSES } from "./messages.js";

/**
 * Reads what `JsonPlusSerializer` of `@langchain/langgraph-checkpoint`, the serializer of the official savers, writes under the tag
 * `json` (C-66): JSON with `lc: 2` records for a closed set of types and `lc: 1` records for LangChain objects. A record that is not
 * exactly as it writes them is plain data, as it is to upstream's reader (`serde/jsonplus.ts`).
 *
 * Messages are made here; other LangChain objects by core's `load`, by the two passes that `decoding.ts` describes.
 */
export class OfficialJson {
  /** Texts for core's `load`, in the order met. */
  readonly texts: string[] = [];
  private readonly loaded: readonly unknown[];

  constructor(loaded: readonly unknown[] = []) {
    this.loaded = loaded;
  }

  value(json: Json): unknown {
    if (typeof json !== "object" || json === null) return json;
    if (isLangChainRecord(json)) return this.langChainObject(json);
    this.members(json);
    return Array.isArray(json) ? json : reviveRecord(json);
  }

  /** Revives in place, from the inside out. */
  private members(json: Json[] | JsonObject): void {
    const members = json as Record<string, unknown>;
    for (const key of Object.keys(json)) members[key] = this.value(members[key] as Json);
  }

  private langChainObject(record: JsonObject): unknown {
    const { id, kwargs } = record as { id: Json[]; kwargs?: Json };
    const Class =
      id.length === 3 && id[0] === "langchain_core" && id[1] === "messages" ? MESSAGE_CLASSES.get(id[2] as string) : undefined;
    if (Class === undefined || typeof kwargs !== "object" || kwargs === null || Array.isArray(kwargs)) {
      return this.loaded[this.texts.push(JSON.stringify(withoutUndefined(record))) - 1];
    }
    this.escapedMembers(kwargs);
    const { content_blocks: contentBlocks, ...fields } = kwargs as Record<string, unknown>;
    return new Class(contentBlocks === undefined ? fields : { ...fields, contentBlocks });
  }

  /** Arguments of a LangChain object, in which core's `toJSON` has wrapped plain data with a key `lc`. */
  private escapedMembers(json: Json[] | JsonObject): void {
    const members = json as Record<string, unknown>;
    for (const key of Object.keys(json)) {
      const member = members[key] as Json;
      if (typeof member !== "object" || member === null) continue;
      if (isLangChainRecord(member)) members[key] = this.langChainObject(member);
      else if (isEscaped(member)) members[key] = member.__lc_escaped__;
      else {
        this.escapedMembers(member);
        members[key] = Array.isArray(member) ? member : reviveRecord(member);
      }
    }
  }
}

function isEscaped(json: Json[] | JsonObject): json is JsonObject {
  return !Array.isArray(json) && "__lc_escaped__" in json && Object.keys(json).length === 1;
}

function isLangChainRecord(json: Json[] | JsonObject): json is JsonObject {
  return !Array.isArray(json) && json.lc === 1 && json.type === "constructor" && Array.isArray(json.id);
}

function isUndefinedRecord(json: Json | undefined): boolean {
  return typeof json === "object" && json !== null && !Array.isArray(json) && json.lc === 2 && json.type === "undefined";
}

/** A record for core's `load`, which knows no `undefined`: an argument that is not given is the same. */
function withoutUndefined(json: Json): Json {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((item) => (isUndefinedRecord(item) ? null : withoutUndefined(item)));
  if (isEscaped(json)) return json;
  const entries: [string, Json][] = Object.entries(json);
  return Object.fromEntries(
    entries.flatMap(([key, value]) => (isUndefinedRecord(value) ? [] : [[key, withoutUndefined(value)]])),
  );
}

/** The value of an `lc: 2` record whose parts are revived; the record itself if it is not one of those upstream writes. */
function reviveRecord(record: Readonly<Record<string, unknown>>): unknown {
  if (record.lc !== 2) return record;
  if (record.type === "undefined") return undefined;
  if (record.type === "delta_snapshot" && Object.hasOwn(record, "value")) return new DeltaSnapshot(record.value);
  if (record.type !== "constructor") return record;
  const { id, method, args } = record;
  if (!Array.isArray(id) || id.length !== 1 || !Array.isArray(args)) return record;
  const name: unknown = method == null || (method === "from" && id[0] === "Uint8Array") ? id[0] : undefined;
  const [first, second] = args as unknown[];
  switch (name) {
    case "Set":
      return args.length === 1 && Array.isArray(first) ? new Set(first) : record;
    case "Map":
      return args.length === 1 && Array.isArray(first) && first.every(isEntry) ? new Map(first) : record;
    case "RegExp":
      return args.length === 2 && typeof first === "string" && typeof second === "string"
        ? (regExp(first, second) ?? record)
        : record;
    case "Error":
      return args.length === 1 && typeof first === "string" ? new Error(first) : record;
    case "Uint8Array":
      return args.length === 1 && Array.isArray(first) && first.every(isByte) ? new Uint8Array(first) : record;
    default:
      return record;
  }
}

function regExp(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is [unknown, unknown] {
  return Array.isArray(value) && value.length === 2;
}

function isByte(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
}
