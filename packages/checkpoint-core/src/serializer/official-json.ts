import { isDeepStrictEqual } from "node:util";
import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import { DeserializationError } from "../errors.js";
import type { AllowedClasses } from "./allowed-classes.js";
import type { Json, JsonObject } from "./format.js";

/**
 * Reads what `JsonPlusSerializer` of `@langchain/langgraph-checkpoint`, the serializer of the official savers, writes under the tag
 * `json` (C-66): JSON with `lc: 2` records for a closed set of types and `lc: 1` records for LangChain objects. A record of any other form is plain data, as
 * for upstream's reader (`serde/jsonplus.ts`). Core's `toJSON` writes the same `lc: 1` records, so this also reads the LangChain objects of our format.
 *
 * It does not use core's `load`, which constructs any export of `@langchain/core`.
 */
export class OfficialJson {
  readonly #classes: AllowedClasses;

  /** @param classes what may be constructed. */
  constructor(classes: AllowedClasses) {
    this.#classes = classes;
  }

  /** @throws {DeserializationError} if a record names a class that may not be constructed; constructors may throw their own errors. */
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

  private langChainObject({ id, kwargs }: JsonObject): object {
    const path = id as Json[];
    const construct = this.#classes.find(path);
    if (construct === undefined) {
      throw new DeserializationError(
        "Stored data names a LangChain class that reading does not construct. If it is one of yours, name it in new HoldfastSerializer({ allow: [MyClass] }).",
      );
    }
    if (typeof kwargs !== "object" || kwargs === null || Array.isArray(kwargs)) throw damaged();
    this.escapedMembers(kwargs);
    // To a constructor, an undefined argument equals an absent one.
    const given = Object.entries<unknown>(kwargs).filter(([, value]) => value !== undefined);
    const object = construct(Object.fromEntries(given));
    // Only the name of a user's class was compared so far.
    if (!isDeepStrictEqual(Reflect.get(object, "lc_id"), path)) throw damaged();
    return object;
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

export function isLangChainRecord(json: Json[] | JsonObject): json is JsonObject {
  return !Array.isArray(json) && json.lc === 1 && json.type === "constructor" && Array.isArray(json.id);
}

function damaged(): DeserializationError {
  return new DeserializationError("Stored data is damaged: the record of a LangChain object does not match its class.");
}

/** The value of an `lc: 2` record with revived members; the record itself if upstream does not write such a record. */
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
