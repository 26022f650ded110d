import { createHash, type Hash } from "node:crypto";
import { isBaseMessage } from "@langchain/core/messages";

/**
 * A digest of the input of a run, which tells whether a key comes again with the same input. The order of keys does not count, nor do properties without a value.
 *
 * Ids of messages do not count, either: LangGraph gives a message that has none an id, in the very object that the caller has, and callers make one for each delivery.
 */
export function inputDigest(input: unknown): string {
  const hash = createHash("sha256");
  feed(hash, input, []);
  return hash.digest("hex");
}

function feed(hash: Hash, value: unknown, around: readonly object[]): void {
  if (typeof value === "string") return text(hash, "s", value);
  if (typeof value !== "object" || value === null) {
    // What a function says of itself may differ from process to process.
    return text(hash, typeof value, typeof value === "function" ? "" : String(value));
  }
  if (around.includes(value)) return text(hash, "cycle", "");
  const inside = [...around, value];
  if (Array.isArray(value) || value instanceof Set) return list(hash, value, inside);
  if (value instanceof Map) return list(hash, [...value].flat(), inside);
  if (value instanceof Date) return text(hash, "date", String(value.getTime()));
  if (value instanceof RegExp || value instanceof URL) return text(hash, "text", String(value));
  if (ArrayBuffer.isView(value))
    return text(hash, "bytes", Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1"));
  if (value instanceof ArrayBuffer) return text(hash, "bytes", Buffer.from(value).toString("latin1"));
  if (value instanceof Error) return list(hash, [value.name, value.message], inside);
  const isMessage = isBaseMessage(value);
  if (isMessage) text(hash, "message", value.getType());
  const entries = Object.entries(value).filter(([key, item]) => item !== undefined && !(isMessage && MESSAGE_KEYS.test(key)));
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  text(hash, "o", String(entries.length));
  for (const [key, item] of entries) {
    text(hash, "k", key);
    feed(hash, item, inside);
  }
}

/** Not of a message's content: its id, and what its class has of the constructor's arguments. */
const MESSAGE_KEYS = /^(id|lc_.*)$/;

function list(hash: Hash, items: Iterable<unknown>, inside: readonly object[]): void {
  const all = [...items];
  text(hash, "a", String(all.length));
  for (const item of all) feed(hash, item, inside);
}

/** With its length, so that no two sequences of texts are the same bytes. */
function text(hash: Hash, kind: string, content: string): void {
  hash.update(`${kind} ${content.length} ${content}\n`);
}
