import { types } from "node:util";

/**
 * The path at which two values from two stores differ; `undefined` if a program cannot tell them apart. It ignores the order of keys, which copy of a package
 * made an object, and the stack of an error, which says where it was read.
 */
export function valueDifference(a: unknown, b: unknown, path: string): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return path;
  if (kindOf(a) !== kindOf(b)) return path;
  if (isLangChainObject(a) && isLangChainObject(b)) return valueDifference(asStored(a), asStored(b), path);
  const [contentsA, contentsB] = [contentsOf(a), contentsOf(b)];
  if (contentsA !== undefined || contentsB !== undefined) {
    const inside = valueDifference(contentsA, contentsB, path);
    if (inside !== undefined || ArrayBuffer.isView(a)) return inside;
  }
  const keys = keysOf(a);
  const others = new Set(keysOf(b));
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return `${path}.length`;
  const at = (key: string): string => (Array.isArray(a) ? `${path}[${key}]` : `${path}.${key}`);
  for (const key of keys) {
    if (!others.delete(key)) return at(key);
    const inside = valueDifference(Reflect.get(a, key), Reflect.get(b, key), at(key));
    if (inside !== undefined) return inside;
  }
  const [surplus] = others;
  return surplus === undefined ? undefined : at(surplus);
}

/** What a built-in object holds besides its properties. */
function contentsOf(value: object): unknown {
  if (types.isDate(value)) return value.getTime();
  if (types.isRegExp(value)) return `${value} at ${value.lastIndex}`;
  if (value instanceof URL) return value.href;
  if (types.isMap(value)) return [...value];
  if (types.isSet(value)) return [...value];
  if (types.isAnyArrayBuffer(value)) return base64(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) return base64(value);
  if (types.isNativeError(value)) return [value.name, value.message, value.cause];
  return undefined;
}

function base64(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("base64");
}

function keysOf(value: object): string[] {
  // Without a message's constructor arguments, whose current values are its fields.
  return Object.keys(value).filter((key) => key !== "lc_kwargs" || !isMessage(value));
}

/** The name of its class, which is the same in another copy of a package. `pg` reads bytes as a Buffer, which is a Uint8Array. */
function kindOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: string } } | null;
  if (prototype === null) return "";
  const name = prototype.constructor?.name ?? "";
  return name === "Buffer" ? "Uint8Array" : name;
}

interface LangChainObject {
  readonly lc_serializable: true;
  toJSON(): unknown;
}

function isLangChainObject(value: object): value is LangChainObject {
  return "lc_serializable" in value && value.lc_serializable === true && "toJSON" in value && !isMessage(value);
}

function isMessage(value: object): boolean {
  return "lc_kwargs" in value && "getType" in value;
}

/** A LangChain object that is no message, as JSON: its other fields depend on how it was made. */
function asStored(value: LangChainObject): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
