import { types } from "node:util";
import type { Decoding } from "./decoding.js";
import type { Encoding } from "./encoding.js";
import { type Json, type JsonObject, TAG } from "./format.js";
import { setOwn } from "./own-property.js";
import { ownConstructorName } from "./prototypes.js";

const CLASSES: ReadonlyMap<string, () => Error> = new Map([
  ["Error", () => new Error()],
  ["EvalError", () => new EvalError()],
  ["RangeError", () => new RangeError()],
  ["ReferenceError", () => new ReferenceError()],
  ["SyntaxError", () => new SyntaxError()],
  ["TypeError", () => new TypeError()],
  ["URIError", () => new URIError()],
  ["AggregateError", () => new AggregateError([])],
]);

/** Properties of errors that are not enumerable. */
const HIDDEN = ["name", "message", "stack", "cause", "errors"] as const;

/**
 * An error with name, message, stack, cause and its enumerable properties (`code` …). An instance of a subclass, such as LangGraph's own errors, keeps its
 * `name` and is read as the standard class that it extends, because processes need not share classes.
 */
export function encodeError(encoding: Encoding, object: object): Json | undefined {
  if (!types.isNativeError(object) && !(object instanceof Error)) return undefined;
  const level = encoding.enter(object);
  const kind = standardClass(object);
  const hidden: JsonObject = {};
  for (const key of HIDDEN) {
    const own = Object.getOwnPropertyDescriptor(object, key);
    if (own?.enumerable) continue;
    if (own !== undefined || isInherited(object, key, kind)) encoding.property(level, hidden, key, object);
  }
  const properties: JsonObject = {};
  for (const key of Object.keys(object)) encoding.property(level, properties, key, object);
  encoding.leave(level);
  return { [TAG]: "Error", c: kind, h: hidden, p: properties };
}

/** Whether a subclass's prototype gives this property a value that an instance of the standard class would not have. */
function isInherited(error: Error, key: (typeof HIDDEN)[number], kind: string): boolean {
  switch (key) {
    case "name":
      return error.name !== kind;
    case "message":
      return error.message !== "";
    case "stack":
      return error.stack !== undefined;
    default:
      return false;
  }
}

function standardClass(error: object): string {
  for (let prototype = Object.getPrototypeOf(error); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const name = ownConstructorName(prototype);
    if (name !== undefined && CLASSES.has(name)) return name;
  }
  return "Error";
}

export function reviveError(decoding: Decoding, tagged: JsonObject): Error {
  const kind = decoding.text(tagged, "c");
  const create = CLASSES.get(kind) ?? decoding.fail("an error of an unknown class");
  const error = create();
  const hidden = decoding.body(tagged, "h");
  // What a new error has by itself, and the stored one did not have.
  for (const key of ["stack", "errors"]) if (!Object.hasOwn(hidden, key)) Reflect.deleteProperty(error, key);
  for (const key of Object.keys(hidden)) {
    Object.defineProperty(error, key, { value: hidden[key], writable: true, enumerable: false, configurable: true });
  }
  const properties = decoding.body(tagged, "p");
  for (const key of Object.keys(properties)) {
    Reflect.deleteProperty(error, key);
    setOwn(error as unknown as Record<string, unknown>, key, properties[key]);
  }
  return error;
}
