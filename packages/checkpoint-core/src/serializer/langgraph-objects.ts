import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import type { Decoding } from "./decoding.js";
import type { Encoding } from "./encoding.js";
import { type Json, type JsonObject, TAG } from "./format.js";

/** All fields of each class, by its `lg_name`. */
const FIELDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["DeltaSnapshot", new Set(["lg_name", "value"])],
  ["Send", new Set(["lg_name", "node", "args", "timeout"])],
  ["Command", new Set(["lg_name", "lc_direct_tool_output", "graph", "update", "resume", "goto"])],
  ["Overwrite", new Set(["lg_name", "__overwrite__"])],
]);

/**
 * The classes of LangGraph that reach a checkpoint, recognized by `lg_name`, so that a duplicate copy of the package does not matter.
 *
 * `Send`, `Command` and `Overwrite` are read as the plain objects that LangGraph accepts in their place, as the official serializer does: LangGraph makes
 * instances of `{ node, args }` before it runs a task (`pregel/algo.ts`), and checks commands and overwrites by shape (`constants.ts`).
 */
export function encodeLangGraphObject(encoding: Encoding, object: object): Json | undefined {
  const instance = object as Record<string, unknown>;
  const name = instance.lg_name;
  const known = typeof name === "string" ? FIELDS.get(name) : undefined;
  // A user's class with that name, or a subclass, has other fields, which would be lost.
  if (known === undefined || !Object.keys(object).every((key) => known.has(key))) return undefined;
  switch (name) {
    case "DeltaSnapshot": {
      const level = encoding.enter(object);
      const tagged: JsonObject = { [TAG]: "DeltaSnapshot" };
      encoding.at(level, "value");
      tagged.v = encoding.value(instance.value);
      encoding.leave(level);
      return tagged;
    }
    case "Send":
      return fields(encoding, object, ["node", "args", ...present(instance, "timeout")]);
    case "Command":
      return fields(encoding, object, ["lg_name", "update", "resume", "goto", ...present(instance, "graph")]);
    case "Overwrite":
      return fields(encoding, object, ["__overwrite__"]);
    default:
      return undefined;
  }
}

function fields(encoding: Encoding, object: object, keys: readonly string[]): Json {
  const level = encoding.enter(object);
  const body: JsonObject = {};
  for (const key of keys) encoding.property(level, body, key, object);
  encoding.leave(level);
  return body;
}

function present(instance: Record<string, unknown>, key: string): string[] {
  return instance[key] === undefined ? [] : [key];
}

export function reviveDeltaSnapshot(decoding: Decoding, tagged: JsonObject): DeltaSnapshot {
  return new DeltaSnapshot(decoding.member(tagged, "v"));
}
