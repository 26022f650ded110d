import { isDeepStrictEqual } from "node:util";
import { Document } from "@langchain/core/documents";
import { load } from "@langchain/core/load";
import { SerializationError } from "../errors.js";
import type { Decoding } from "./decoding.js";
import type { Encoding } from "./encoding.js";
import { type Json, type JsonObject, TAG } from "./format.js";
import { checkArguments } from "./langchain-arguments.js";
import { isObjectPrototype, ownConstructorName } from "./prototypes.js";

/** A LangChain object that was encoded, but whose class has not been loaded back in this process yet. */
export interface Unconfirmed {
  readonly path: string;
  /** The ids of the object's class and of all classes in it. */
  readonly classes: string;
  readonly text: string;
}

/** Sets of classes that were loaded back. A failure is not kept: it may be that of one object's contents. */
const confirmed = new Set<string>();

/**
 * A LangChain object that is no message: the text that core's `load` reads.
 *
 * @throws {SerializationError} if the object would not be loaded as it is: it is not serializable, holds a secret, or has constructor
 * arguments that plain JSON would change.
 */
export function encodeSerializable(encoding: Encoding, object: object): Json | undefined {
  if (!("lc_serializable" in object) || !("toJSON" in object) || typeof object.toJSON !== "function") return undefined;
  const level = encoding.enter(object);
  const classes = checkArguments(encoding, level, object as never);
  encoding.leave(level);
  const text = JSON.stringify(object);
  if (!confirmed.has(classes)) encoding.unconfirmed.push({ path: encoding.path(), classes, text });
  return { [TAG]: "lc", v: text };
}

export function reviveSerializable(decoding: Decoding, tagged: JsonObject): unknown {
  return decoding.load(decoding.text(tagged, "v"));
}

/** Reads what {@link encodeSerializable} wrote. Its allow-list is core's: the classes of `@langchain/core`. */
export function loadSerializable(text: string): Promise<unknown> {
  return load(text);
}

/**
 * Loads each object back, once per set of classes and process: `load` alone knows which classes it can make, and some do not come
 * back as they went (`StringPromptValue`).
 *
 * @throws {SerializationError} if one of them is not loaded as it was.
 */
export async function confirm(unconfirmed: readonly Unconfirmed[]): Promise<void> {
  for (const { path, classes, text } of unconfirmed) {
    if (confirmed.has(classes)) continue;
    let again: string;
    try {
      again = JSON.stringify(await loadSerializable(text));
    } catch (cause) {
      throw new SerializationError(path, `LangChain cannot load ${classes} again`, { cause });
    }
    if (!isDeepStrictEqual(JSON.parse(again), JSON.parse(text))) {
      throw new SerializationError(path, `LangChain loads ${classes} with other contents than it was saved with`);
    }
    confirmed.add(classes);
  }
}

const DOCUMENT_FIELDS: ReadonlySet<string> = new Set(["pageContent", "metadata", "id"]);

/** A `Document`, which is a class of its own in core, with no part in core's serialization. */
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
    "pageContent" in object &&
    typeof object.pageContent === "string" &&
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
