import { endianness } from "node:os";
import { types } from "node:util";
import type { Decoding } from "./decoding.js";
import type { Encoding } from "./encoding.js";
import { type Json, type JsonObject, TAG } from "./format.js";
import { isObjectPrototype, isPrototypeOfBuiltIn, ownConstructorName } from "./prototypes.js";

/** Bytes are stored as they are in memory, so numbers of several bytes need machines of one byte order. */
const LITTLE_ENDIAN = endianness() === "LE";

type View = new (buffer: ArrayBuffer) => ArrayBufferView;

const VIEWS: ReadonlyMap<string, View> = new Map<string, View>([
  ["DataView", DataView],
  ["Uint8Array", Uint8Array],
  ["Uint8ClampedArray", Uint8ClampedArray],
  ["Int8Array", Int8Array],
  ["Uint16Array", Uint16Array],
  ["Int16Array", Int16Array],
  ["Uint32Array", Uint32Array],
  ["Int32Array", Int32Array],
  ["Float32Array", Float32Array],
  ["Float64Array", Float64Array],
  ["BigUint64Array", BigUint64Array],
  ["BigInt64Array", BigInt64Array],
  // Since Node 24; the types do not know it yet.
  ...("Float16Array" in globalThis ? [["Float16Array", Reflect.get(globalThis, "Float16Array")] as [string, View]] : []),
]);

/** The kinds under which bytes are stored. */
export const BINARY_KINDS: readonly string[] = ["Buffer", "ArrayBuffer", ...VIEWS.keys()];

/** `Buffer`, `ArrayBuffer`, `DataView` and the typed arrays themselves; `undefined` for anything else, subclasses included. */
export function encodeBinary(encoding: Encoding, object: object, prototype: object): Json | undefined {
  if (ArrayBuffer.isView(object)) {
    const name = viewName(object, prototype);
    if (name === undefined) return undefined;
    if (!LITTLE_ENDIAN && name !== "Buffer" && !name.includes("8"))
      encoding.refuse(`a ${name} can only be stored on a little-endian machine`);
    return { [TAG]: name, v: Buffer.from(object.buffer, object.byteOffset, object.byteLength).toString("base64") };
  }
  if (types.isArrayBuffer(object)) {
    if (!isPrototypeOfBuiltIn(prototype, "ArrayBuffer")) return undefined;
    // Newer than the ES2022 types. It would be read as an ArrayBuffer of fixed size.
    if ((object as { resizable?: boolean }).resizable)
      encoding.refuse("a resizable ArrayBuffer would be read as one of fixed size");
    return { [TAG]: "ArrayBuffer", v: Buffer.from(object).toString("base64") };
  }
  return undefined;
}

/** Whether `value` is a `Uint8Array` itself, of any realm, and not a `Buffer` or another subclass. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return types.isUint8Array(value) && viewName(value, Object.getPrototypeOf(value)) === "Uint8Array";
}

/** Whether `value` is a `Buffer` itself. */
export function isBuffer(value: unknown): value is Buffer {
  return Buffer.isBuffer(value) && Object.getPrototypeOf(value) === Buffer.prototype;
}

function viewName(view: ArrayBufferView, prototype: object): string | undefined {
  if (isBuffer(view)) return "Buffer";
  const name = ownConstructorName(prototype);
  if (name === undefined || !VIEWS.has(name)) return undefined;
  // A typed array's prototype inherits from the one that all typed arrays share, which inherits from Object.prototype.
  const parent: object = Object.getPrototypeOf(prototype);
  return isObjectPrototype(name === "DataView" ? parent : Object.getPrototypeOf(parent)) ? name : undefined;
}

export function reviveBinary(decoding: Decoding, tagged: JsonObject): unknown {
  const name = decoding.text(tagged, TAG);
  const bytes = Buffer.from(decoding.text(tagged, "v"), "base64");
  if (name === "Buffer") return bytes;
  // Small Buffers share one pool; copied, because the `.buffer` of a view is the user's.
  const buffer = new Uint8Array(bytes).buffer;
  const view = VIEWS.get(name);
  return view === undefined ? buffer : new view(buffer);
}
