import type { Encoding } from "./encoding.js";
import { messageClassName } from "./messages.js";
import { isObjectPrototype } from "./prototypes.js";

/** The part of core's `Serializable` that its `toJSON` reads. */
interface SerializableLike {
  readonly lc_serializable: boolean;
  readonly lc_kwargs: Record<string, unknown>;
  readonly lc_id: readonly string[];
  toJSON(): { readonly type: string };
}

/** How deep core's `load` follows a text, `maxDepth` in core's `load/index.ts`. */
const MAX_LOAD_DEPTH = 50;

/**
 * Checks the constructor arguments of a LangChain object before core's `toJSON` sees them, which silently turns a `Date` into `{}` and a cycle into a placeholder.
 * Reads the properties as `toJSON` does.
 *
 * @throws {SerializationError} with the path of an argument that would be lost, or whose class would.
 */
export function checkArguments(encoding: Encoding, level: number, object: SerializableLike, depth = 0): void {
  const id = object.lc_id.join("/");
  if (!object.lc_serializable || object.toJSON().type !== "constructor") {
    encoding.refuse(`the LangChain class ${id} does not implement serialization (its lc_serializable is not true)`);
  }
  if (encoding.classes.find(object.lc_id) === undefined) {
    encoding.refuse(
      `reading does not construct the LangChain class ${id} unless it is in new HoldfastSerializer({ allow: [${object.lc_id.at(-1)}] })`,
    );
  }
  const kwargs: Record<string, unknown> = {};
  for (const key of Object.keys(object.lc_kwargs)) kwargs[key] = key in object ? Reflect.get(object, key) : object.lc_kwargs[key];
  for (let prototype = Object.getPrototypeOf(object); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    Object.assign(kwargs, Reflect.get(prototype, "lc_attributes", object));
    for (const path of Object.keys(Reflect.get(prototype, "lc_secrets", object) ?? {})) {
      const secret = path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], kwargs);
      if (secret !== undefined)
        encoding.refuse(`the LangChain class ${id} holds the secret ${path}, which cannot be loaded again`);
    }
  }
  refuseLateFields(encoding, object, kwargs);
  for (const [key, value] of Object.entries(kwargs)) {
    encoding.at(level, key);
    // An argument that is undefined and one that is not given are the same to a constructor.
    if (value !== undefined) checkValue(encoding, value, depth + 2, true);
  }
}

/** `toJSON` knows constructor arguments only, so it loses an `id` that a message was given later. */
function refuseLateFields(encoding: Encoding, object: object, kwargs: Record<string, unknown>): void {
  if (messageClassName(object, Object.getPrototypeOf(object)) === undefined) return;
  for (const key of ["id", "name", "usage_metadata", "status", "artifact"]) {
    if (Object.hasOwn(object, key) && !(key in kwargs) && Reflect.get(object, key) !== undefined) {
      encoding.refuse(
        `LangChain does not save the ${key} of this message inside another object: pass it to the message's constructor`,
      );
    }
  }
}

/** @param loadable whether a LangChain object may occur here: below an object with a key `lc`, core takes everything as plain data. */
function checkValue(encoding: Encoding, value: unknown, depth: number, loadable: boolean): void {
  if (depth > MAX_LOAD_DEPTH)
    encoding.refuse(`it is nested more than ${MAX_LOAD_DEPTH} levels deep, which LangChain does not load`);
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0)) return;
  if (value === undefined || typeof value !== "object") {
    encoding.refuse(`${describe(value)} is lost inside of a LangChain object`);
    return;
  }
  const level = encoding.enter(value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      encoding.at(level, i);
      checkValue(encoding, value[i], depth + 1, loadable);
    }
  } else if ("lc_serializable" in value && "toJSON" in value && loadable) {
    checkArguments(encoding, level, value as SerializableLike, depth);
  } else {
    const prototype: object | null = Object.getPrototypeOf(value);
    if (!isObjectPrototype(prototype)) encoding.refuse("only plain JSON values are kept inside of a LangChain object");
    const escaped = !loadable || "lc" in value;
    for (const [key, item] of Object.entries(value)) {
      encoding.at(level, key);
      if (key === "__proto__") encoding.refuse("a key __proto__ is lost inside of a LangChain object");
      checkValue(encoding, item, depth + 1, !escaped);
    }
  }
  encoding.leave(level);
}

function describe(value: unknown): string {
  return typeof value === "number" ? String(value) : typeof value;
}
