import { encodeBinary } from "./binary.js";
import { encodeBuiltIn } from "./built-ins.js";
import type { Encoding } from "./encoding.js";
import { encodeError } from "./error-values.js";
import { type Json, TAG } from "./format.js";
import { encodeDocument, encodeSerializable } from "./langchain-objects.js";
import { encodeLangGraphObject } from "./langgraph-objects.js";
import { encodeMessage } from "./messages.js";
import { describeClass, isObjectPrototype } from "./prototypes.js";

/**
 * An object whose prototype is not this realm's `Object.prototype`.
 *
 * @throws {SerializationError} if its class cannot be read again (C-61).
 */
export function encodeInstance(encoding: Encoding, object: object, old?: Json): Json {
  const prototype: object | null = Object.getPrototypeOf(object);
  if (prototype === null) return { [TAG]: "bare", v: encoding.body(object) };
  return (
    encodeMessage(encoding, object, prototype, old) ??
    (isObjectPrototype(prototype) ? encoding.plainObject(object, old) : undefined) ??
    encodeBuiltIn(encoding, object, prototype) ??
    encodeBinary(encoding, object, prototype) ??
    encodeError(encoding, object) ??
    encodeDocument(encoding, object, prototype) ??
    encodeSerializable(encoding, object) ??
    encodeLangGraphObject(encoding, object) ??
    encoding.refuse(refusal(object))
  );
}

function refusal(object: object): string {
  const name = describeClass(object);
  if (name === "Object") return "an object with a prototype of its own would be read without it";
  return `an instance of ${name} would be read without its class; store plain data instead`;
}
