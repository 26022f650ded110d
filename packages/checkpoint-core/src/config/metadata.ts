import type { CheckpointMetadata } from "@langchain/langgraph-checkpoint";
import { DeserializationError, InvalidMetadataError, isHoldfastError } from "../errors.js";
import { describe } from "./ids.js";

/**
 * Metadata is stored as plain JSON, so that `list` can filter on it in the store; a custom serde never touches it. Postgres' jsonb has no NUL and no lone
 * surrogates. In strings and keys they are escaped behind U+001A (SUBSTITUTE), which is itself escaped; other text stays unchanged. Both sides of a filter are
 * escaped alike, so filters match any text.
 */
const MARK = "\u001a";
/** JSON has `-0`, jsonb does not. */
const MINUS_ZERO = `${MARK}-0`;
const NEEDS_ESCAPE = /[\0\u001a]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const ESCAPED = new RegExp(`${MARK}([0-9a-f]{4})`, "g");

/**
 * Metadata as JSON text. Properties that are `undefined` are left out, as in JSON.
 *
 * @throws InvalidMetadataError naming the path of what is not JSON (contract C-64).
 */
export function encodeMetadata(metadata: CheckpointMetadata | Readonly<Record<string, unknown>>): string {
  if (metadata === null || typeof metadata !== "object" || Array.isArray(metadata)) {
    throw new InvalidMetadataError(`metadata is ${describe(metadata)}. It must be an object.`);
  }
  try {
    return JSON.stringify(toJson(metadata, "metadata", new Set()));
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    // A getter, a proxy, or a stack overflow. Its message may hold values.
    throw new InvalidMetadataError(`Reading metadata threw ${error instanceof Error ? error.name : `a ${typeof error}`}.`);
  }
}

/** The inverse of {@link encodeMetadata}. */
export function decodeMetadata(text: string): CheckpointMetadata {
  if (!isPlainMetadata(text))
    throw new DeserializationError("Stored metadata has an unknown encoding. Was it written by a newer version?");
  const parsed = parseMetadata(text);
  return (text.includes(MARK) || text.includes("\\u001a") ? fromJson(parsed) : parsed) as CheckpointMetadata;
}

/** The first character tells the encoding: plain metadata is a JSON object. Others are reserved, for example for encrypted metadata. */
function isPlainMetadata(text: string): boolean {
  return text.startsWith("{");
}

function parseMetadata(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No cause: it would print what is stored.
    throw new DeserializationError("Stored metadata is not JSON.");
  }
}

/** What a filter requires of one key of stored metadata. */
export interface MetadataCondition {
  /** The key, as stored. */
  readonly key: string;
  /** The stored JSON must equal it; `undefined`: the key must be absent. */
  readonly value: unknown;
}

/**
 * What `list({ filter })` requires of metadata as {@link encodeMetadata} stores it.
 *
 * @throws InvalidMetadataError
 */
export function metadataConditions(filter: Readonly<Record<string, unknown>>): MetadataCondition[] {
  return Object.entries(filter).map(([key, value]) => {
    const stored = JSON.parse(encodeMetadata({ [key]: value ?? null })) as Record<string, unknown>;
    const [storedKey, storedValue] = Object.entries(stored)[0] as [string, unknown];
    return { key: storedKey, value: value === undefined ? undefined : storedValue };
  });
}

function escapeText(text: string): string {
  return text.replace(NEEDS_ESCAPE, (char) => MARK + char.charCodeAt(0).toString(16).padStart(4, "0"));
}

function unescapeText(text: string): string {
  return text.replace(ESCAPED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function toJson(value: unknown, path: string, ancestors: Set<object>): unknown {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return escapeText(value);
  if (typeof value === "number") {
    if (Object.is(value, -0)) return MINUS_ZERO;
    if (Number.isFinite(value)) return value;
    throw new InvalidMetadataError(`${path} is ${value}, which JSON cannot hold.`);
  }
  if (typeof value !== "object") throw new InvalidMetadataError(`${path} is ${describe(value)}, which JSON cannot hold.`);
  if (ancestors.has(value)) throw new InvalidMetadataError(`${path} contains itself.`);
  ancestors.add(value);
  const json = Array.isArray(value)
    ? Array.from(value, (item, index) => toJson(item, `${path}[${index}]`, ancestors))
    : objectToJson(value, path, ancestors);
  ancestors.delete(value);
  return json;
}

function objectToJson(value: object, path: string, ancestors: Set<object>): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  // A plain object of another realm (vm, test runners) has a prototype whose own prototype is null.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new InvalidMetadataError(
      `${path} is an instance of ${value.constructor?.name ?? "a class"}. Metadata holds plain JSON only.`,
    );
  }
  // Entries, not assignment: a key "__proto__" must become a property.
  const json: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) json.push([escapeText(key), toJson(item, `${path}.${key}`, ancestors)]);
  }
  return Object.fromEntries(json);
}

function fromJson(value: unknown): unknown {
  if (typeof value === "string") return value === MINUS_ZERO ? -0 : unescapeText(value);
  if (Array.isArray(value)) return value.map(fromJson);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [unescapeText(key), fromJson(item)]));
}
