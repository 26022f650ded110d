import { createHash } from "node:crypto";
import { isBaseMessage } from "@langchain/core/messages";

/**
 * A digest of the input of a run, which tells whether a key comes again with the same input. The order of keys does not count, nor do properties without a value.
 *
 * Ids of messages do not count, either: LangGraph gives a message that has none an id, in the very object that the caller has, and callers make one for each delivery.
 */
export function inputDigest(input: unknown): string {
  return createHash("sha256").update(textOf(input, [])).digest("hex");
}

/** A text by which values of the same content are the same. It is not read back. */
function textOf(value: unknown, around: readonly object[]): string {
  if (typeof value === "string") return JSON.stringify(value);
  // What a function says of itself may differ from process to process.
  if (typeof value === "function") return "function";
  if (typeof value !== "object" || value === null) return `${typeof value} ${String(value)}`;
  if (around.includes(value)) return "cycle";
  const inside = [...around, value];
  const list = (items: Iterable<unknown>): string => `[${Array.from(items, (item) => textOf(item, inside)).join()}]`;
  if (Array.isArray(value)) return list(value);
  if (value instanceof Set || value instanceof Map) return `${value.constructor.name} ${list(value)}`;
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof RegExp || value instanceof URL) return `${value.constructor.name} ${JSON.stringify(String(value))}`;
  if (value instanceof ArrayBuffer) return `bytes ${Buffer.from(value).toString("base64")}`;
  if (ArrayBuffer.isView(value)) {
    return `bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}`;
  }
  if (value instanceof Error) return `Error ${list([value.name, value.message])}`;
  const isMessage = isBaseMessage(value);
  const entries = Object.entries(value)
    .filter(([key, item]) => item !== undefined && !(isMessage && MESSAGE_KEYS.test(key)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${textOf(item, inside)}`);
  return `${isMessage ? value.getType() : ""}{${entries.join()}}`;
}

/** Not of a message's content: its id, and what its class has of the constructor's arguments. */
const MESSAGE_KEYS = /^(id|lc_.*)$/;
