import { DeserializationError } from "../errors.js";
import type { AllowedClasses } from "./allowed-classes.js";
import { BINARY_KINDS, reviveBinary } from "./binary.js";
import { reviveDate, reviveMap, reviveRegExp, reviveSet, reviveUrl } from "./built-ins.js";
import { reviveError } from "./error-values.js";
import { type Json, type JsonObject, TAG } from "./format.js";
import { reviveDocument, reviveSerializable } from "./langchain-objects.js";
import { reviveDeltaSnapshot } from "./langgraph-objects.js";
import { reviveMessage } from "./messages.js";

type Reviver = (decoding: Decoding, tagged: JsonObject) => unknown;

/** Every kind of `format.ts` except `hole`, which is part of its array. Nothing else can be read (C-62). */
const REVIVERS: ReadonlyMap<unknown, Reviver> = new Map<unknown, Reviver>([
  ["undefined", () => undefined],
  ["NaN", () => Number.NaN],
  ["Infinity", () => Number.POSITIVE_INFINITY],
  ["-Infinity", () => Number.NEGATIVE_INFINITY],
  ["-0", () => -0],
  ["bigint", (decoding, tagged) => BigInt(decoding.text(tagged, "v"))],
  ["object", (decoding, tagged) => decoding.body(tagged, "v")],
  ["bare", (decoding, tagged) => Object.setPrototypeOf(decoding.body(tagged, "v"), null)],
  ["Date", reviveDate],
  ["RegExp", reviveRegExp],
  ["URL", reviveUrl],
  ["Map", reviveMap],
  ["Set", reviveSet],
  ["Error", reviveError],
  ["msg", reviveMessage],
  ["Document", reviveDocument],
  ["lc", reviveSerializable],
  ["DeltaSnapshot", reviveDeltaSnapshot],
  ...BINARY_KINDS.map((kind): [string, Reviver] => [kind, reviveBinary]),
]);

/** Turns parsed `hf1` text into the value, in place: plain objects and arrays of the text become those of the value. */
export class Decoding {
  /** The LangChain classes that may be constructed. */
  readonly classes: AllowedClasses;

  constructor(classes: AllowedClasses) {
    this.classes = classes;
  }

  /** @throws {DeserializationError} on what the encoder does not write; class constructors may throw their own errors. */
  value(json: Json): unknown {
    if (typeof json !== "object" || json === null) return json;
    if (Array.isArray(json)) return this.array(json);
    const kind = json[TAG];
    if (kind === undefined) return this.properties(json);
    const revive = REVIVERS.get(kind) ?? this.fail("a value of an unknown kind");
    return revive(this, json);
  }

  /** The object under `key`, whose own key `~`, if any, is data. */
  body(tagged: JsonObject, key: string): Record<string, unknown> {
    const body = tagged[key];
    if (typeof body !== "object" || body === null || Array.isArray(body)) return this.malformed(tagged, key);
    return this.properties(body);
  }

  items(tagged: JsonObject, key: string): unknown[] {
    const items = tagged[key];
    return Array.isArray(items) ? this.array(items) : this.malformed(tagged, key);
  }

  member(tagged: JsonObject, key: string): unknown {
    const json = tagged[key];
    return json === undefined ? this.malformed(tagged, key) : this.value(json);
  }

  text(tagged: JsonObject, key: string): string {
    const text = tagged[key];
    return typeof text === "string" ? text : this.malformed(tagged, key);
  }

  count(tagged: JsonObject, key: string): number {
    const count = tagged[key];
    return typeof count === "number" ? count : this.malformed(tagged, key);
  }

  private holes(tagged: JsonObject): number {
    const count = this.count(tagged, "n");
    return count > 0 ? count : this.malformed(tagged, "n");
  }

  fail(what: string): never {
    throw new DeserializationError(`Stored data is damaged, or was written by a newer version: ${what}.`);
  }

  private malformed(tagged: JsonObject, key: string): never {
    return this.fail(
      `a value of the kind ${tagged[TAG]} whose "${key}" is ${tagged[key] === undefined ? "missing" : "malformed"}`,
    );
  }

  private properties(object: JsonObject): Record<string, unknown> {
    const properties: Record<string, unknown> = object;
    for (const key of Object.keys(object)) {
      const json = object[key];
      if (typeof json !== "object" || json === null) continue;
      const value = this.value(json);
      // JSON.parse makes an own property of a key `__proto__`, so this sets that property.
      if (value !== json) properties[key] = value;
    }
    return properties;
  }

  private array(array: Json[]): unknown[] {
    const items: unknown[] = array;
    for (let i = 0; i < array.length; i++) {
      const json = array[i] as Json;
      if (typeof json !== "object" || json === null) continue;
      if ((json as JsonObject)[TAG] === "hole") return this.sparseArray(array, i);
      const value = this.value(json);
      if (value !== json) items[i] = value;
    }
    return items;
  }

  private sparseArray(array: readonly Json[], firstHole: number): unknown[] {
    const items: unknown[] = array.slice(0, firstHole);
    for (const json of array.slice(firstHole)) {
      const isHole = typeof json === "object" && json !== null && (json as JsonObject)[TAG] === "hole";
      if (isHole) items.length += this.holes(json as JsonObject);
      else items.push(this.value(json));
    }
    return items;
  }
}
