import { DeserializationError } from "../errors.js";
import { BINARY_KINDS, reviveBinary } from "./binary.js";
import { reviveDate, reviveMap, reviveRegExp, reviveSet, reviveUrl } from "./built-ins.js";
import { reviveError } from "./error-values.js";
import { type Json, type JsonObject, TAG } from "./format.js";
import { reviveDocument, reviveSerializable } from "./langchain-objects.js";
import { reviveDeltaSnapshot } from "./langgraph-objects.js";
import { reviveMessage } from "./messages.js";

type Reviver = (decoding: Decoding, tagged: JsonObject) => unknown;

/** Every kind of `format.ts`, but for `hole`, which is part of its array. What is not here cannot be read (C-62). */
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

/**
 * Turns parsed `hf1` text into the value, in place: plain objects and arrays of the text become those of the value.
 *
 * Only core's `load` is asynchronous, and few values need it. So a first pass reads everything and notes the texts that `load` has to
 * read; if there are any, a second pass, over a fresh parse, takes their objects in the same order.
 */
export class Decoding {
  /** Texts for core's `load`, in the order met. */
  readonly texts: string[] = [];
  private readonly loaded: readonly unknown[];

  /** @param loaded the objects for the {@link texts} of the first pass; none in the first pass. */
  constructor(loaded: readonly unknown[] = []) {
    this.loaded = loaded;
  }

  /** @throws {DeserializationError} on what the encoder does not write; class constructors may throw their own errors. */
  value(json: Json): unknown {
    if (typeof json !== "object" || json === null) return json;
    if (Array.isArray(json)) return this.array(json);
    const kind = json[TAG];
    if (kind === undefined) return this.properties(json);
    const revive = REVIVERS.get(kind) ?? this.fail(`a value of the unknown kind ${JSON.stringify(kind)}`);
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

  /** What core's `load` makes of `text`; in the first pass, a note that it will be needed. */
  load(text: string): unknown {
    return this.loaded[this.texts.push(text) - 1];
  }

  fail(what: string): never {
    throw new DeserializationError(`Stored data is damaged, or was written by a newer version: ${what}.`);
  }

  private malformed(tagged: JsonObject, key: string): never {
    return this.fail(
      `a value of the kind ${JSON.stringify(tagged[TAG])} whose "${key}" is ${JSON.stringify(tagged[key]) ?? "missing"}`,
    );
  }

  private properties(object: JsonObject): Record<string, unknown> {
    const properties: Record<string, unknown> = object;
    for (const key of Object.keys(object)) {
      const json = object[key];
      if (typeof json !== "object" || json === null) continue;
      const value = this.value(json);
      // Where the key is `__proto__`, JSON.parse has made an own property of it, so this sets that property.
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
      if (isHole) items.length += this.count(json as JsonObject, "n");
      else items.push(this.value(json));
    }
    return items;
  }
}
