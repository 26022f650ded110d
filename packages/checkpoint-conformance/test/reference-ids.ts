import { ReferenceSaverError } from "./reference-store.js";

const isWellFormed = (text: unknown, most: number): text is string =>
  typeof text === "string" && text.isWellFormed() && !text.includes("\0") && Buffer.byteLength(text) <= most;

/** @throws ReferenceSaverError */
export function threadOf(id: unknown): string {
  if (id === undefined) {
    throw new ReferenceSaverError("missingThreadId", 'A thread_id is missing: { configurable: { thread_id: "1" } }');
  }
  const text = typeof id === "bigint" || Number.isSafeInteger(id) ? String(id) : id;
  if (!isWellFormed(text, 1_024) || text === "") throw new ReferenceSaverError("invalidThreadId", "That is no thread id.");
  return text;
}

/** @throws ReferenceSaverError */
export function namespaceOf(ns: unknown = ""): string {
  if (!isWellFormed(ns, 1_536)) throw new ReferenceSaverError("invalidConfig", "That is no namespace.");
  return ns;
}

/** @throws ReferenceSaverError */
export function idOf(id: unknown, what = "checkpoint id"): string {
  if (!isWellFormed(id, 256) || id === "") throw new ReferenceSaverError("invalidConfig", `That is no ${what}.`);
  return id;
}

/** An empty checkpoint id means none. */
export const optionalId = (id: unknown): string | undefined => (id === undefined || id === "" ? undefined : idOf(id));
