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
/** How deep metadata may nest. Redis reads 1,000 levels, and Postgres' stack holds some thousands; LangGraph's own has two. */
const MAX_METADATA_DEPTH = 500;
/** Approximate limit of its JSON text. Each checkpoint stores it again, and `list` reads it with each. */
const MAX_METADATA_BYTES = 16 * 1024 * 1024;
/** The least that a value takes, with its separator. */
const MIN_BYTES = 2;
const NEEDS_ESCAPE = /[\0\u001a]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const ESCAPED = new RegExp(`${MARK}([0-9a-f]{4})`, "g");

/**
 * Metadata as JSON text. Properties that are `undefined` are left out, as in JSON.
 *
 * @throws InvalidMetadataError naming the path of a value that is not JSON, or if the metadata is too deep or too long (contract C-64).
 */
export function encodeMetadata(metadata: CheckpointMetadata | Readonly<Record<string, unknown>>): string {
  if (metadata === null || typeof metadata !== "object" || Array.isArray(metadata)) {
    throw new InvalidMetadataError(`metadata is ${describe(metadata)}. It must be an object.`);
  }
  try {
    return JSON.stringify(toJson(metadata, "metadata", { ancestors: new Set(), bytes: 0 }));
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    // A getter or a proxy threw. Its message may hold values.
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

/** How far the walk through the metadata has come. */
interface Pass {
  readonly ancestors: Set<object>;
  bytes: number;
}

function toJson(value: unknown, path: string, pass: Pass): unknown {
  count(MIN_BYTES, pass);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return countedText(value, pass);
  if (typeof value === "number") {
    if (Object.is(value, -0)) return MINUS_ZERO;
    if (Number.isFinite(value)) return value;
    throw new InvalidMetadataError(`${path} is ${value}, which JSON cannot hold.`);
  }
  if (typeof value !== "object") throw new InvalidMetadataError(`${path} is ${describe(value)}, which JSON cannot hold.`);
  const { ancestors } = pass;
  if (ancestors.has(value)) throw new InvalidMetadataError(`${path} contains itself.`);
  if (ancestors.size >= MAX_METADATA_DEPTH)
    throw new InvalidMetadataError(`Metadata is nested more than ${MAX_METADATA_DEPTH} levels deep.`);
  ancestors.add(value);
  const json = Array.isArray(value)
    ? Array.from(value, (item, index) => toJson(item, `${path}[${index}]`, pass))
    : objectToJson(value, path, pass);
  ancestors.delete(value);
  return json;
}

function objectToJson(value: object, path: string, pass: Pass): unknown {
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
    if (item !== undefined) json.push([countedText(key, pass), toJson(item, `${path}.${key}`, pass)]);
  }
  return Object.fromEntries(json);
}

function countedText(text: string, pass: Pass): string {
  count(text.length, pass);
  return escapeText(text);
}

function count(bytes: number, pass: Pass): void {
  pass.bytes += bytes;
  if (pass.bytes > MAX_METADATA_BYTES)
    throw new InvalidMetadataError(
      `Metadata comes to more than ${MAX_METADATA_BYTES} bytes. Put it into a channel of the state.`,
    );
}

function fromJson(value: unknown): unknown {
  if (typeof value === "string") return value === MINUS_ZERO ? -0 : unescapeText(value);
  if (Array.isArray(value)) return value.map(fromJson);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [unescapeText(key), fromJson(item)]));
}
