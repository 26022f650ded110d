import assert from "node:assert/strict";
import { inspect } from "node:util";

/** A LangChain object: it is equal to another one of its class that would be stored in the same way. */
interface LangChainObject {
  readonly lc_id: readonly string[];
  toJSON(): unknown;
}

const isLangChainObject = (value: object): value is LangChainObject =>
  "lc_serializable" in value && value.lc_serializable === true && "lc_id" in value && "toJSON" in value;

const bytesOf = (value: ArrayBuffer | ArrayBufferView): Buffer =>
  ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value);

/** The value on one line, cut where it is long. */
export const show = (value: unknown): string => {
  const text = inspect(value, { depth: 2, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80, maxArrayLength: 10 });
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
};

const different = (path: string, actual: unknown, expected: unknown, what = ""): string =>
  `${path}${what}: ${show(actual)} instead of ${show(expected)}`;

/**
 * Where `actual` first differs from `expected`, or undefined where it does not.
 *
 * Values are equal when no program that reads them as data can tell them apart: -0 is not 0, a hole is not `undefined`, a `Buffer` is not a
 * `Uint8Array`, an object without prototype is not a plain one. The order of an object's keys and the identity of objects play no part.
 */
function difference(actual: unknown, expected: unknown, path = "value"): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (typeof actual !== "object" || typeof expected !== "object" || actual === null || expected === null) {
    return different(path, actual, expected);
  }
  if (isLangChainObject(expected)) return differentLangChainObject(actual, expected, path);
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) return different(path, actual, expected, " (its class)");
  return differentBuiltIn(actual, expected, path) ?? differentProperties(actual, expected, path);
}

function differentLangChainObject(actual: object, expected: LangChainObject, path: string): string | undefined {
  if (!isLangChainObject(actual) || actual.constructor.name !== expected.constructor.name)
    return different(path, actual, expected);
  const [a, e] = [JSON.stringify(actual.toJSON()), JSON.stringify(expected.toJSON())];
  return difference(JSON.parse(a), JSON.parse(e), path);
}

/** Compares what the built-in kinds hold beside their properties. */
function differentBuiltIn(actual: object, expected: object, path: string): string | undefined {
  if (expected instanceof Date && actual instanceof Date)
    return difference(actual.getTime(), expected.getTime(), `${path}.getTime()`);
  if (expected instanceof RegExp && actual instanceof RegExp) {
    return difference(`${actual} at ${actual.lastIndex}`, `${expected} at ${expected.lastIndex}`, path);
  }
  if (expected instanceof URL && actual instanceof URL) return difference(actual.href, expected.href, `${path}.href`);
  if (expected instanceof Map && actual instanceof Map) return difference([...actual], [...expected], `${path}.entries`);
  if (expected instanceof Set && actual instanceof Set) return difference([...actual], [...expected], `${path}.values`);
  if (isBytes(expected) && isBytes(actual)) {
    return bytesOf(actual).equals(bytesOf(expected)) ? undefined : different(path, actual, expected, " (its bytes)");
  }
  if (expected instanceof Error && actual instanceof Error) return differentError(actual, expected, path);
  return undefined;
}

const isBytes = (value: object): value is ArrayBuffer | ArrayBufferView =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

function differentError(actual: Error, expected: Error, path: string): string | undefined {
  if ("cause" in actual !== "cause" in expected) return different(path, actual.cause, expected.cause, ".cause");
  return (
    difference(actual.name, expected.name, `${path}.name`) ??
    difference(actual.message, expected.message, `${path}.message`) ??
    difference(actual.stack, expected.stack, `${path}.stack`) ??
    difference(actual.cause, expected.cause, `${path}.cause`) ??
    (expected instanceof AggregateError
      ? difference((actual as AggregateError).errors, expected.errors, `${path}.errors`)
      : undefined)
  );
}

function differentProperties(actual: object, expected: object, path: string): string | undefined {
  if (isBytes(expected)) return undefined;
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const length = difference(actual.length, expected.length, `${path}.length`);
    if (length !== undefined) return length;
  }
  const keys = (value: object): string[] => Object.keys(value).filter((key) => !Array.isArray(value) || /^\d+$/.test(key));
  const wanted = new Set(keys(expected));
  const surplus = keys(actual).find((key) => !wanted.has(key));
  if (surplus !== undefined) return `${path} has a key ${show(surplus)} that was not put: ${show(Reflect.get(actual, surplus))}`;
  for (const key of wanted) {
    if (!Object.hasOwn(actual, key)) return `${path} lacks the key ${show(key)} of ${show(expected)}`;
    const found = difference(Reflect.get(actual, key), Reflect.get(expected, key), `${path}[${JSON.stringify(key)}]`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Fails unless `actual` is `expected` (see {@link difference}); the message says what was compared and where they part. */
export function assertSame(actual: unknown, expected: unknown, what: string): void {
  const found = difference(actual, expected);
  if (found !== undefined) assert.fail(`${what}: ${found}`);
}
