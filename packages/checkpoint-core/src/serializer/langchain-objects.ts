import { isDeepStrictEqual } from "node:util";
import { Document } from "@langchain/core/documents";
import { DeserializationError } from "../errors.js";
import type { AllowedClasses } from "./allowed-classes.js";
import type { Decoding } from "./decoding.js";
import type { Encoding } from "./encoding.js";
import { isJsonObject, type Json, type JsonObject, TAG } from "./format.js";
import { checkArguments } from "./langchain-arguments.js";
import { isLangChainRecord, OfficialJson } from "./official-json.js";
import { describeClass, isObjectPrototype, ownConstructorName } from "./prototypes.js";

/**
 * A LangChain object that is no message: the text that core's `toJSON` writes.
 *
 * @throws {SerializationError} if reading would change the object: its class is not constructed, it holds a secret, or plain JSON would change a constructor
 * argument.
 */
export function encodeSerializable(encoding: Encoding, object: object): Json | undefined {
  if (!("lc_serializable" in object) || !("toJSON" in object) || typeof object.toJSON !== "function") return undefined;
  // Core's objects inherit it; an object with its own only claims to be one.
  if (!("lc_id" in object) || Object.hasOwn(object, "lc_id")) return undefined;
  const level = encoding.enter(object);
  checkArguments(encoding, level, object as never);
  encoding.leave(level);
  const text = JSON.stringify(object);
  if (!isReadAgain(encoding, text)) {
    encoding.refuse(`an object of the LangChain class ${describeClass(object)} would be read with other contents than it has`);
  }
  return { [TAG]: "lc", v: text };
}

/** Tries each object, because instances of one class can differ. */
function isReadAgain(encoding: Encoding, text: string): boolean {
  try {
    const again = JSON.stringify(readSerializable(encoding.classes, text));
    return isDeepStrictEqual(JSON.parse(again), JSON.parse(text));
  } catch {
    return false;
  }
}

export function reviveSerializable(decoding: Decoding, tagged: JsonObject): unknown {
  return readSerializable(decoding.classes, decoding.text(tagged, "v"));
}

function readSerializable(classes: AllowedClasses, text: string): unknown {
  const record = JSON.parse(text) as Json;
  if (!isJsonObject(record) || !isLangChainRecord(record))
    throw new DeserializationError("Stored data is damaged: the record of a LangChain object is malformed.");
  return new OfficialJson(classes).value(record);
}

const DOCUMENT_FIELDS: ReadonlySet<string> = new Set(["pageContent", "metadata", "id"]);

/** A `Document`, which core's serialization does not cover. */
export function encodeDocument(encoding: Encoding, object: object, prototype: object): Json | undefined {
  if (prototype !== Document.prototype && !isDocumentOfOtherCopy(object, prototype)) return undefined;
  const level = encoding.enter(object);
  const fields: JsonObject = {};
  for (const key of Object.keys(object)) {
    if (key === "id" && (object as Document).id === undefined) continue;
    encoding.property(level, fields, key, object);
  }
  encoding.leave(level);
  return { [TAG]: "Document", v: fields };
}

function isDocumentOfOtherCopy(object: object, prototype: object): boolean {
  return (
    ownConstructorName(prototype) === "Document" &&
    isObjectPrototype(Object.getPrototypeOf(prototype)) &&
    // A user's class with this name would lose its methods.
    Reflect.ownKeys(prototype).length === 1 &&
    "pageContent" in object &&
    typeof object.pageContent === "string" &&
    "metadata" in object &&
    Object.keys(object).every((key) => DOCUMENT_FIELDS.has(key))
  );
}

export function reviveDocument(decoding: Decoding, tagged: JsonObject): Document {
  const document = new Document({ pageContent: "" });
  for (const [key, value] of Object.entries(decoding.body(tagged, "v"))) {
    Object.defineProperty(document, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return document;
}
