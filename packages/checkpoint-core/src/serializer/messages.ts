import * as core from "@langchain/core/messages";
import type { Decoding } from "./decoding.js";
import { Draft } from "./draft.js";
import type { Encoding } from "./encoding.js";
import { isJsonObject, type Json, type JsonObject, TAG } from "./format.js";
import { setOwn } from "./own-property.js";
import { isObjectPrototype } from "./prototypes.js";

type MessageClass = new (fields: Record<string, unknown>) => core.BaseMessage;

/** The classes a stored message may have: a closed list (C-62). */
export const MESSAGE_CLASSES: ReadonlyMap<string, MessageClass> = new Map(
  Object.entries({
    AIMessage: core.AIMessage,
    AIMessageChunk: core.AIMessageChunk,
    ChatMessage: core.ChatMessage,
    ChatMessageChunk: core.ChatMessageChunk,
    FunctionMessage: core.FunctionMessage,
    FunctionMessageChunk: core.FunctionMessageChunk,
    HumanMessage: core.HumanMessage,
    HumanMessageChunk: core.HumanMessageChunk,
    RemoveMessage: core.RemoveMessage,
    SystemMessage: core.SystemMessage,
    SystemMessageChunk: core.SystemMessageChunk,
    ToolMessage: core.ToolMessage,
    ToolMessageChunk: core.ToolMessageChunk,
  }) as [string, MessageClass][],
);

const NAMES: ReadonlyMap<object, string> = new Map(Array.from(MESSAGE_CLASSES, ([name, Class]) => [Class.prototype, name]));

/** Fields that a class sets on each instance; all other fields of a message are its state. */
const GIVEN_BY_CLASS: ReadonlySet<string> = new Set([
  "lc_serializable",
  "lc_kwargs",
  "lc_namespace",
  "lc_direct_tool_output",
  "type",
]);

/** Fields that are `undefined` on a new message, and so can be left out. */
const UNDEFINED_WHEN_ABSENT: ReadonlySet<string> = new Set([
  "id",
  "name",
  "usage_metadata",
  "tool_call_id",
  "status",
  "metadata",
  "artifact",
  "role",
]);

/** Whether a field is not stored. */
export function isLeftOut(key: string, value: unknown): boolean {
  return GIVEN_BY_CLASS.has(key) || (value === undefined && UNDEFINED_WHEN_ABSENT.has(key));
}

/** The name in {@link MESSAGE_CLASSES} of the class with this prototype, in any copy of core. */
export function messageClassName(message: object, prototype: object): string | undefined {
  const known = NAMES.get(prototype);
  if (known !== undefined) return known;
  if (!("lc_serializable" in message) || !("lc_id" in message)) return undefined;
  // A message of another copy of core inherits its id; an object with its own only claims to be one.
  if (Object.hasOwn(message, "lc_id") || isObjectPrototype(prototype)) return undefined;
  const id: unknown = message.lc_id;
  if (!Array.isArray(id) || id.length !== 3 || id[0] !== "langchain_core" || id[1] !== "messages") return undefined;
  // The id of a subclass without its own `lc_name` has the subclass's name, which is not on the list.
  const name: unknown = id[2];
  return typeof name === "string" && MESSAGE_CLASSES.has(name) ? name : undefined;
}

/**
 * The fields of a message, whenever they were assigned; `undefined` if it is not a LangChain message.
 *
 * @param old reused if unchanged.
 */
export function encodeMessage(encoding: Encoding, message: object, prototype: object, old?: Json): Json | undefined {
  const className = messageClassName(message, prototype);
  if (className === undefined) return undefined;
  const before = isJsonObject(old) && old[TAG] === "msg" ? old : undefined;
  const level = encoding.enter(message);
  const draft = new Draft(before?.k);
  for (const key of Object.keys(message)) {
    encoding.at(level, key);
    const value = (message as Record<string, unknown>)[key];
    if (isLeftOut(key, value)) continue;
    draft.set(key, encoding.value(value, draft.before(key)));
  }
  const fields = draft.done();
  const rest = otherArguments(encoding, level, message);
  const names = argumentNames(message, fields, rest);
  encoding.leave(level);
  if (rest === undefined && names === undefined) {
    if (before?.c === className && before.k === fields && before.x === undefined && before.a === undefined) return before;
    return { [TAG]: "msg", c: className, k: fields };
  }
  return { [TAG]: "msg", c: className, k: fields, ...(rest && { x: rest }), ...(names && { a: names }) };
}

/** Constructor arguments that are in `lc_kwargs` only. */
function otherArguments(encoding: Encoding, level: number, message: object): JsonObject | undefined {
  const kwargs = argumentsOf(message);
  if (kwargs === undefined) return undefined;
  let rest: JsonObject | undefined;
  for (const key of Object.keys(kwargs)) {
    if (isField(message, key)) continue;
    rest ??= {};
    encoding.property(level, rest, key, kwargs);
  }
  return rest;
}

/** The names of the constructor arguments, which core's `toJSON` writes, unless they equal those of the stored fields and other arguments. */
function argumentNames(message: object, fields: JsonObject, rest: JsonObject | undefined): string[] | undefined {
  const kwargs = argumentsOf(message);
  if (kwargs === undefined || areArguments(message, fields, rest)) return undefined;
  return Object.keys(kwargs).filter((name) => !isAbsent(message, name));
}

/** Whether the constructor arguments of a message are exactly its stored fields and `rest`: no field was added later or given under another name. */
export function areArguments(message: object, fields: JsonObject, rest?: JsonObject): boolean {
  let count = 0;
  for (const name in argumentsOf(message)) {
    if (Object.hasOwn(fields, name) || (rest !== undefined && Object.hasOwn(rest, name))) count += 1;
    else if (!isAbsent(message, name)) return false;
  }
  return count === Object.keys(fields).length + (rest === undefined ? 0 : Object.keys(rest).length);
}

/** An argument that was given as `undefined` counts as absent. */
function isAbsent(message: object, argument: string): boolean {
  return Object.hasOwn(message, argument) && (message as Record<string, unknown>)[argument] === undefined;
}

function argumentsOf(message: object): object | undefined {
  const kwargs = (message as { lc_kwargs?: unknown }).lc_kwargs;
  return typeof kwargs === "object" && kwargs !== null ? kwargs : undefined;
}

/** `contentBlocks` is another name of `content`. */
function isField(message: object, argument: string): boolean {
  return Object.hasOwn(message, argument) || argument === "contentBlocks";
}

/**
 * The message with exactly the stored fields. They are not passed to the constructor, because constructors change them: that of `AIMessageChunk` recomputes
 * `tool_calls` from its chunks, and that of `AIMessage` appends to the content of a v1 message.
 */
export function reviveMessage(decoding: Decoding, tagged: JsonObject): core.BaseMessage {
  const className = decoding.text(tagged, "c");
  const Class = MESSAGE_CLASSES.get(className) ?? decoding.fail("a message of an unknown class");
  const fields = decoding.body(tagged, "k");
  const message = new Class({ content: "", additional_kwargs: {}, response_metadata: {} }) as unknown as Record<string, unknown>;
  for (const key of Object.keys(fields)) setOwn(message, key, fields[key]);
  message.lc_kwargs = revivedArguments(decoding, tagged, message, fields);
  return message as unknown as core.BaseMessage;
}

/** The `lc_kwargs` as after a constructor call: core's `toJSON` writes the current value of each of its keys. */
function revivedArguments(decoding: Decoding, tagged: JsonObject, message: object, fields: Record<string, unknown>): object {
  const known = Object.hasOwn(tagged, "x") ? { ...decoding.body(tagged, "x"), ...fields } : fields;
  if (!Object.hasOwn(tagged, "a")) return known;
  const given: Record<string, unknown> = {};
  for (const name of decoding.items(tagged, "a")) {
    if (typeof name !== "string") return decoding.fail("a message with an unnamed argument");
    const owner = Object.hasOwn(known, name) ? known : message;
    const own = name === "contentBlocks" ? "content" : name;
    setOwn(given, name, Object.hasOwn(owner, own) ? (owner as Record<string, unknown>)[own] : undefined);
  }
  return given;
}
