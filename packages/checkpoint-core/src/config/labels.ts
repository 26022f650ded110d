import type { RunnableConfig } from "@langchain/core/runnables";
import { InvalidOptionsError } from "../errors.js";
import { malformation } from "./thread-id.js";

/** What a run says of itself, beside its checkpoints and never inside their metadata: name and value. */
export type Labels = Readonly<Record<string, string>>;

/** Taken from `config.metadata`, else from `config.configurable`, where they are there. */
const ALWAYS = ["run_id", "graph_id", "user"] as const;

const MAX_LABEL_BYTES = 256;

/** Names of further labels, checked. */
export type LabelNames = readonly string[];

/**
 * The names of labels that a saver takes (contract C-39).
 *
 * @param more names of further keys. Others are never copied: they may be secrets.
 * @throws InvalidOptionsError
 */
export function resolveLabelNames(more: unknown = []): LabelNames {
  if (!Array.isArray(more)) throw new InvalidOptionsError("labels must be a list of names of keys.");
  for (const name of more as unknown[]) {
    const fault = typeof name === "string" && name !== "" ? malformation(name, MAX_LABEL_BYTES) : "is no name";
    if (fault !== undefined) throw new InvalidOptionsError(`labels: ${JSON.stringify(name)} ${fault}.`);
  }
  return Object.freeze([...new Set<string>([...ALWAYS, ...(more as string[])])]);
}

/** The labels that a config gives. A value that is neither a short string nor a number or boolean is no label. */
export function labelsOf(config: RunnableConfig, names: LabelNames): Labels {
  const entries = names.flatMap((name): [string, string][] => {
    const value: unknown = config.metadata?.[name] ?? (config.configurable as Record<string, unknown> | undefined)?.[name];
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return [];
    const text = String(value);
    return malformation(text, MAX_LABEL_BYTES) === undefined ? [[name, text]] : [];
  });
  return Object.fromEntries(entries);
}

/**
 * The labels that a listing is narrowed by.
 *
 * @throws InvalidOptionsError
 */
export function resolveLabels(labels: unknown): Labels | undefined {
  if (labels === undefined) return undefined;
  if (typeof labels !== "object" || labels === null || Array.isArray(labels)) {
    throw new InvalidOptionsError("labels must be an object of names and values.");
  }
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value !== "string") throw new InvalidOptionsError(`labels.${name} must be a string.`);
    const fault = malformation(name, MAX_LABEL_BYTES) ?? malformation(value, MAX_LABEL_BYTES);
    if (fault !== undefined) throw new InvalidOptionsError(`labels.${name} ${fault}.`);
  }
  return Object.keys(labels).length === 0 ? undefined : (labels as Labels);
}
