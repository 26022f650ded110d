import { types } from "node:util";
import { Document } from "@langchain/core/documents";

/** Why a value cannot be kept, and where in it. */
export class NotKeptError extends Error {
  readonly path: string;

  constructor(path: string, what: string) {
    super(`${path} is ${what}, which cannot be read again`);
    this.path = path;
  }
}

type Copy = (value: unknown, path: string) => unknown;

const own = (from: object, into: object, copy: Copy, path: string): object => {
  for (const key of Object.keys(from)) {
    const value = copy(Reflect.get(from, key), `${path}.${key}`);
    Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return into;
};

function copyError(error: Error, copy: Copy, path: string): object {
  const made = Object.create(Object.getPrototypeOf(error) as object) as object;
  for (const key of ["message", "stack", "cause", "errors"]) {
    if (!Object.hasOwn(error, key)) continue;
    const value = copy(Reflect.get(error, key), `${path}.${key}`);
    Object.defineProperty(made, key, { value, enumerable: false, configurable: true, writable: true });
  }
  // A plain object with this prototype would be no Error to those who ask the engine.
  const real = Object.setPrototypeOf(
    error instanceof AggregateError ? new AggregateError([]) : new Error(),
    Object.getPrototypeOf(error),
  );
  for (const key of Object.getOwnPropertyNames(real)) Reflect.deleteProperty(real, key);
  Object.defineProperties(real, Object.getOwnPropertyDescriptors(made));
  return own(error, real, copy, path);
}

function copyBytes(value: ArrayBufferView): unknown {
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  if (Buffer.isBuffer(value)) return Buffer.from(bytes);
  const View = value.constructor as new (buffer: ArrayBuffer) => ArrayBufferView;
  return new View(bytes.buffer);
}

/** What the built-in kinds and LangChain's objects become; undefined for what is an array or a plain object. */
function copyKind(value: object, copy: Copy, path: string): unknown {
  if (types.isDate(value)) return new Date(value.getTime());
  if (types.isMap(value))
    return new Map([...value].map(([k, v], n) => [copy(k, `${path}.keys.${n}`), copy(v, `${path}.values.${n}`)]));
  if (types.isSet(value)) return new Set([...value].map((each, n) => copy(each, `${path}.${n}`)));
  if (types.isAnyArrayBuffer(value)) return value.slice(0);
  if (ArrayBuffer.isView(value)) return copyBytes(value);
  if (value instanceof URL) return new URL(value.href);
  if (types.isRegExp(value)) return Object.assign(new RegExp(value.source, value.flags), { lastIndex: value.lastIndex });
  if (types.isNativeError(value)) return copyError(value, copy, path);
  if ("lc_serializable" in value && value.lc_serializable === true && "lc_kwargs" in value) {
    const Class = value.constructor as new (kwargs: unknown) => unknown;
    return new Class(copy(value.lc_kwargs, path));
  }
  if (value instanceof Document) return new Document(own(value, {}, copy, path) as Document);
  if ("lg_name" in value && typeof value.lg_name === "string" && Object.getPrototypeOf(value) !== Object.prototype) {
    return own(value, Object.create(Object.getPrototypeOf(value) as object) as object, copy, path);
  }
  return undefined;
}

/**
 * A copy that shares nothing with the value: what a lossless store would give back. Refuses what a store could not.
 *
 * @throws NotKeptError
 */
export function copyOf(value: unknown, path: string): unknown {
  const around = new Set<object>();
  const copy: Copy = (each, at) => {
    if (typeof each === "function" || typeof each === "symbol") throw new NotKeptError(at, `a ${typeof each}`);
    if (typeof each !== "object" || each === null) return each;
    if (around.has(each)) throw new NotKeptError(at, "part of a cycle");
    around.add(each);
    try {
      const made = copyKind(each, copy, at);
      if (made !== undefined) return made;
      const prototype: unknown = Object.getPrototypeOf(each);
      if (Array.isArray(each)) return own(each, Object.assign([], { length: each.length }), copy, at);
      if (prototype === Object.prototype || prototype === null)
        return own(each, Object.create(prototype as null) as object, copy, at);
      throw new NotKeptError(at, `an instance of ${each.constructor.name}`);
    } finally {
      around.delete(each);
    }
  };
  return copy(value, path);
}

/**
 * The text of metadata: JSON, and nothing else.
 *
 * @throws NotKeptError
 */
export function jsonOf(metadata: unknown): string {
  const around = new Set<unknown>();
  const check = (value: unknown, path: string): void => {
    if (value === null || value === undefined || typeof value === "string" || typeof value === "boolean") return;
    if (typeof value === "number" && Number.isFinite(value)) return;
    const prototype: unknown = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
    const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
    if (!isPlain || around.has(value)) throw new NotKeptError(path, "no JSON");
    around.add(value);
    for (const [key, each] of Object.entries(value as object)) check(each, `${path}.${key}`);
    around.delete(value);
  };
  check(metadata, "metadata");
  return JSON.stringify(metadata);
}
