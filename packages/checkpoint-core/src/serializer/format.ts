/**
 * The `hf1` format: UTF-8 JSON in which every JSON value stands as itself and every other value is an object with the key `~`,
 * which names its kind. A plain object that has a key `~` of its own is wrapped (`{"~":"object","v":{…}}`), so no data can
 * imitate a kind (C-62).
 *
 * There are no headers, counts or offsets, and keys keep their order: when an array grows at its end, the old text without its
 * last byte is a prefix of the new text. Storage relies on that to share bytes between versions of a value.
 *
 * | value | text |
 * |---|---|
 * | `undefined`, `NaN`, `Infinity`, `-Infinity`, `-0` | `{"~":"undefined"}`, `{"~":"NaN"}`, … |
 * | `bigint`, `Date`, `URL` | `{"~":"bigint","v":"12"}`, `{"~":"Date","v":"2026-01-01T00:00:00.000Z"}` (`null` if invalid), `{"~":"URL","v":"…"}` |
 * | `RegExp` | `{"~":"RegExp","s":source,"f":flags,"i":lastIndex}` |
 * | `Map`, `Set` | `{"~":"Map","v":[key,value,key,value…]}`, `{"~":"Set","v":[…]}` |
 * | holes of an array | one element `{"~":"hole","n":count}` in their place |
 * | object without prototype | `{"~":"bare","v":{…}}` |
 * | bytes | `{"~":"Buffer","v":base64}`; also `ArrayBuffer`, `DataView` and each typed array by its name, elements little-endian |
 * | errors | `{"~":"Error","c":"TypeError","h":{message,stack,cause…},"p":{…}}`: hidden properties, enumerable properties |
 * | LangChain message | `{"~":"msg","c":"AIMessage","k":{…}}`, and `"x":{…}` for constructor arguments that are no fields; `"a":[…]`, the names of the arguments, where they are not those in `k` and `x` |
 * | `Document` of LangChain | `{"~":"Document","v":{pageContent,metadata,id}}` |
 * | other LangChain objects | `{"~":"lc","v":"…"}`: the text of core's `toJSON` |
 * | `DeltaSnapshot` | `{"~":"DeltaSnapshot","v":…}` |
 */

/** The type tag of `hf1` text. */
export const FORMAT_TAG = "hf1";

/** The key that marks an object of the text as something other than a plain object. */
export const TAG = "~";

/**
 * How deep a value may nest. Encoder and reader recurse, and stay well within Node's default stack; real states nest some ten levels deep. Deeper values are
 * refused when they are put, never when they are read.
 */
export const MAX_DEPTH = 1000;

/** What `JSON.stringify` writes without loss. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** An object of JSON. */
export type JsonObject = { [key: string]: Json };

export function isJsonObject(json: Json | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** Whether both have the same text. */
export function isSameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSameJson(item, b[i] as Json));
  if (Array.isArray(b)) return false;
  const keys = Object.keys(a);
  const otherKeys = Object.keys(b);
  // The order of keys counts.
  return (
    keys.length === otherKeys.length && keys.every((key, i) => key === otherKeys[i] && isSameJson(a[key] as Json, b[key] as Json))
  );
}
