import { get_lc_unique_name, type Serializable } from "@langchain/core/load/serializable";
import { ChatPromptValue, ImagePromptValue, StringPromptValue } from "@langchain/core/prompt_values";
import { InvalidOptionsError } from "../errors.js";
import { MESSAGE_CLASSES } from "./messages.js";

/** A class that extends `Serializable` of `@langchain/core` and is constructed from one object of arguments. */
export type SerializableClass = new (fields: never) => Serializable;

/** Constructs an object from the arguments in its record. */
export type Construct = (kwargs: Record<string, unknown>) => object;

/** The classes of LangChain that only hold data, by their id. */
const VALUES: ReadonlyMap<string, Construct> = new Map<string, Construct>([
  ...Array.from(MESSAGE_CLASSES, ([name, Class]): [string, Construct] => [
    `langchain_core/messages/${name}`,
    // Messages name their arguments as the record does.
    ({ content_blocks: contentBlocks, ...fields }) =>
      new Class(contentBlocks === undefined ? fields : { ...fields, contentBlocks }),
  ]),
  ["langchain_core/prompt_values/ChatPromptValue", (kwargs) => new ChatPromptValue(namedBy(ChatPromptValue, kwargs) as never)],
  ["langchain_core/prompt_values/ImagePromptValue", (kwargs) => new ImagePromptValue(namedBy(ImagePromptValue, kwargs) as never)],
  ["langchain_core/prompt_values/StringPromptValue", ({ value }) => new StringPromptValue(value as string)],
]);

/** The LangChain classes that reading may construct (C-62): values of `@langchain/core`, and what the user allows. */
export class AllowedClasses {
  readonly #allowed: ReadonlyMap<string, SerializableClass>;

  /**
   * @param allow classes by their LangChain name; their namespace is known only once there is an instance.
   * @throws {InvalidOptionsError}
   */
  constructor(allow: unknown = []) {
    if (!Array.isArray(allow)) throw new InvalidOptionsError("allow must be a list of classes.");
    const allowed = new Map<string, SerializableClass>();
    for (const Class of allow as unknown[]) {
      if (!isSerializableClass(Class)) {
        throw new InvalidOptionsError("allow takes classes that extend Serializable of @langchain/core/load/serializable.");
      }
      const name = get_lc_unique_name(Class as never);
      if (allowed.has(name)) throw new InvalidOptionsError(`allow has two classes named ${name}.`);
      allowed.set(name, Class);
    }
    this.#allowed = allowed;
  }

  /** Constructs an object with this `lc_id`; `undefined` if its class is not on the list. */
  find(id: readonly unknown[]): Construct | undefined {
    const name = id.at(-1);
    if (typeof name !== "string") return undefined;
    const known = VALUES.get(id.join("/"));
    if (known !== undefined) return known;
    const Class = this.#allowed.get(name);
    return Class && ((kwargs) => new Class(namedBy(Class, kwargs) as never));
  }
}

function isSerializableClass(Class: unknown): Class is SerializableClass {
  const prototype: unknown = typeof Class === "function" ? Class.prototype : undefined;
  return typeof prototype === "object" && prototype !== null && "lc_id" in prototype && "toJSON" in prototype;
}

/** The arguments by the constructor's own names: core's `toJSON` writes them in snake case or under an alias of the class. */
function namedBy(Class: SerializableClass, kwargs: Record<string, unknown>): Record<string, unknown> {
  const names = new Map<string, string>();
  for (let prototype: object | null = Class.prototype; prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const aliases: object = Reflect.get(prototype, "lc_aliases") ?? {};
    for (const [name, alias] of Object.entries(aliases)) names.set(String(alias), name);
  }
  return Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [names.get(key) ?? camelCase(key), value]));
}

/** As core's `load` does. */
function camelCase(key: string): string {
  const trimmed = key.trim();
  if (!/[-_\s]/.test(trimmed)) return trimmed;
  return trimmed
    .replace(/[-_\s]+/g, "_")
    .toLowerCase()
    .replace(/_+([a-z0-9])/g, (_, character: string) => character.toUpperCase());
}
