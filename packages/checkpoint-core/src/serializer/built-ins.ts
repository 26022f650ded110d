import { types } from "node:util";
import type { Decoding } from "./decoding.js";
import type { Encoding } from "./encoding.js";
import { type Json, type JsonObject, TAG } from "./format.js";
import { isPrototypeOfBuiltIn } from "./prototypes.js";

/** `Date`, `RegExp`, `URL`, `Map` and `Set` themselves; `undefined` for anything else, subclasses included. */
export function encodeBuiltIn(encoding: Encoding, object: object, prototype: object): Json | undefined {
  // The checks of node:util look at internal slots, so they hold across realms, and no property can imitate them.
  if (types.isDate(object)) {
    if (!isPrototypeOfBuiltIn(prototype, "Date")) return undefined;
    const time = Date.prototype.getTime.call(object);
    return { [TAG]: "Date", v: Number.isNaN(time) ? null : new Date(time).toISOString() };
  }
  if (types.isMap(object)) return isPrototypeOfBuiltIn(prototype, "Map") ? encodeMap(encoding, object) : undefined;
  if (types.isSet(object)) return isPrototypeOfBuiltIn(prototype, "Set") ? encodeSet(encoding, object) : undefined;
  if (types.isRegExp(object)) {
    if (!isPrototypeOfBuiltIn(prototype, "RegExp")) return undefined;
    return { [TAG]: "RegExp", s: object.source, f: object.flags, i: object.lastIndex };
  }
  if (isUrl(object) && isPrototypeOfBuiltIn(prototype, "URL")) return { [TAG]: "URL", v: object.href };
  return undefined;
}

function encodeMap(encoding: Encoding, map: ReadonlyMap<unknown, unknown>): Json {
  const level = encoding.enter(map);
  const entries: Json[] = [];
  let i = 0;
  for (const [key, value] of Map.prototype.entries.call(map)) {
    encoding.at(level, { text: `.entries[${i}].key` });
    entries.push(encoding.value(key));
    encoding.at(level, { text: `.entries[${i}].value` });
    entries.push(encoding.value(value));
    i++;
  }
  encoding.leave(level);
  return { [TAG]: "Map", v: entries };
}

function encodeSet(encoding: Encoding, set: ReadonlySet<unknown>): Json {
  const level = encoding.enter(set);
  const values: Json[] = [];
  for (const value of Set.prototype.values.call(set)) {
    encoding.at(level, { text: `.values[${values.length}]` });
    values.push(encoding.value(value));
  }
  encoding.leave(level);
  return { [TAG]: "Set", v: values };
}

function isUrl(object: object): object is URL {
  if (object instanceof URL) return true;
  if (Object.prototype.toString.call(object) !== "[object URL]" || !("href" in object)) return false;
  // Of another realm, if it reads as `URL` writes it.
  const { href } = object;
  return typeof href === "string" && URL.canParse(href) && new URL(href).href === href;
}

export function reviveDate(decoding: Decoding, tagged: JsonObject): Date {
  return new Date(tagged.v === null ? Number.NaN : decoding.text(tagged, "v"));
}

export function reviveRegExp(decoding: Decoding, tagged: JsonObject): RegExp {
  const expression = new RegExp(decoding.text(tagged, "s"), decoding.text(tagged, "f"));
  expression.lastIndex = decoding.count(tagged, "i");
  return expression;
}

export function reviveUrl(decoding: Decoding, tagged: JsonObject): URL {
  return new URL(decoding.text(tagged, "v"));
}

export function reviveMap(decoding: Decoding, tagged: JsonObject): Map<unknown, unknown> {
  const entries = decoding.items(tagged, "v");
  if (entries.length % 2 !== 0) decoding.fail("a Map with a key that has no value");
  const map = new Map<unknown, unknown>();
  for (let i = 0; i < entries.length; i += 2) map.set(entries[i], entries[i + 1]);
  return map;
}

export function reviveSet(decoding: Decoding, tagged: JsonObject): Set<unknown> {
  return new Set(decoding.items(tagged, "v"));
}
