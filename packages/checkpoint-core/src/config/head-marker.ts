import type { RunnableConfig } from "@langchain/core/runnables";

/**
 * With `onConflict: "reject"`, what tells a run that goes on from the head of its thread from a deliberate fork (contract C-95): how the checkpoint was
 * asked for. LangGraph makes the config of a run's puts from that of the tuple it began with, symbols included; so the tuple says it.
 *
 * A symbol, because it must not be among the keys of the config (contract C-12), nor survive where a config is sent elsewhere as JSON: a checkpoint
 * that is named there is named deliberately.
 */
const READ_AS: unique symbol = Symbol.for("holdfast.read-as") as never;

interface Marked {
  readonly [READ_AS]?: { readonly id: string; readonly isHead: boolean } | "copied";
}

/** The config of a tuple, marked. */
export function markRead(config: RunnableConfig, id: string, isHead: boolean): RunnableConfig {
  return { ...config, configurable: { ...config.configurable, [READ_AS]: { id, isHead } } };
}

/** The config of a put that copies a checkpoint of another saver, and does not go on from any head, or of writes that are copied. */
export function markCopied(config: RunnableConfig): RunnableConfig {
  return { ...config, configurable: { ...config.configurable, [READ_AS]: "copied" } };
}

/** Whether a write copies what another saver has. */
export function isCopied(config: RunnableConfig): boolean {
  return (config.configurable as Marked | undefined)?.[READ_AS] === "copied";
}

/**
 * What the head must be for a put to go on from it: the parent, if the run began with it as the head. Only a run's first put has the checkpoint that
 * it began with as its parent; those that follow build on its own.
 *
 * @param isCopy a copy of a checkpoint is put beside it, under its parent.
 */
export function expectedHead(
  config: RunnableConfig,
  parentId: string | undefined,
  isCopy: boolean,
): { readonly id: string | undefined } | undefined {
  if (isCopy || isCopied(config)) return undefined;
  const read = (config.configurable as Marked | undefined)?.[READ_AS];
  if (parentId === undefined) return { id: undefined };
  return read !== "copied" && read?.isHead === true && read.id === parentId ? { id: parentId } : undefined;
}
