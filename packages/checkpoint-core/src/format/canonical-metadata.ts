import { DeserializationError } from "../errors.js";

/** One text for stored metadata, whatever order a store keeps its keys in: Postgres' jsonb has one of its own. */
export function canonicalMetadata(text: string): string {
  return text.startsWith("{") ? JSON.stringify(withSortedKeys(parsed(text))) : text;
}

function withSortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, withSortedKeys(item)]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without its cause, which prints what is stored.
    throw new DeserializationError("Stored metadata is not JSON.");
  }
}
