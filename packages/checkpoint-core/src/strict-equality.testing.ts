import { types } from "node:util";

/**
 * Where two values differ, or `undefined` if they are the same value: the same classes, prototypes, keys in the same order, holes,
 * signs of zero and hidden properties of errors. Stricter than `toStrictEqual`, and on purpose without any code of the serializer.
 */
export function difference(a: unknown, b: unknown, path = "value"): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return `${path}: ${show(a)} is not ${show(b)}`;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: another prototype`;
  return differenceOfContents(a, b, path) ?? differenceOfProperties(a, b, path);
}

function differenceOfContents(a: object, b: object, path: string): string | undefined {
  if (types.isDate(a) && types.isDate(b)) return difference(a.getTime(), b.getTime(), `${path}.getTime()`);
  if (types.isRegExp(a) && types.isRegExp(b)) {
    return difference(String(a), String(b), `${path} as text`) ?? difference(a.lastIndex, b.lastIndex, `${path}.lastIndex`);
  }
  if (a instanceof URL && b instanceof URL) return difference(a.href, b.href, `${path}.href`);
  if (types.isMap(a) && types.isMap(b)) return difference([...a.entries()], [...b.entries()], `${path}.entries()`);
  if (types.isSet(a) && types.isSet(b)) return difference([...a], [...b], `${path}.values()`);
  if (types.isArrayBuffer(a) && types.isArrayBuffer(b))
    return difference(hex(new Uint8Array(a)), hex(new Uint8Array(b)), `${path} bytes`);
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return difference(hex(a), hex(b), `${path} bytes`);
  if (types.isNativeError(a) !== types.isNativeError(b)) return `${path}: one is no native error`;
  return undefined;
}

function differenceOfProperties(a: object, b: object, path: string): string | undefined {
  if (ArrayBuffer.isView(a)) return undefined;
  // lc_kwargs are a message's constructor arguments, whose current values are its fields.
  const keys = ownKeys(a).filter((key) => key !== "lc_kwargs");
  const others = ownKeys(b).filter((key) => key !== "lc_kwargs");
  const isMessage = "lc_kwargs" in a;
  if (JSON.stringify(isMessage ? keys.sort() : keys) !== JSON.stringify(isMessage ? others.sort() : others)) {
    return `${path}: the keys ${JSON.stringify(keys)} are not ${JSON.stringify(others)}`;
  }
  for (const key of keys) {
    const [one, other] = [Object.getOwnPropertyDescriptor(a, key), Object.getOwnPropertyDescriptor(b, key)];
    if (one?.enumerable !== other?.enumerable) return `${path}.${key}: one is not enumerable`;
    const inside = difference(Reflect.get(a, key), Reflect.get(b, key), `${path}.${key}`);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** In the order of the object; for errors sorted, as hidden properties have no order that one could see. */
function ownKeys(object: object): string[] {
  const keys = Object.getOwnPropertyNames(object);
  return types.isNativeError(object) ? keys.sort() : keys;
}

function hex(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("hex");
}

function show(value: unknown): string {
  return Object.is(value, -0)
    ? "-0"
    : typeof value === "bigint"
      ? `${value}n`
      : typeof value === "object"
        ? "an object"
        : String(value);
}
