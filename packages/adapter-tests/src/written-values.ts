import type { Checkpoint } from "@langchain/langgraph-checkpoint";

/** The values of a checkpoint as plain data, without the defaults of channels that nothing has written to: LangGraph makes those anew. */
export function writtenValues({ channel_values, channel_versions }: Checkpoint): Record<string, unknown> {
  const written = Object.entries(channel_values).filter(([channel]) => channel in channel_versions);
  return plainValue(Object.fromEntries(written)) as Record<string, unknown>;
}

/** As JSON has it. A `Send` is read as the plain object that LangGraph takes in its stead. */
export function plainValue(value: unknown): unknown {
  const text = JSON.stringify(value, (key, item: unknown) => (key === "lg_name" && item === "Send" ? undefined : item));
  return text === undefined ? undefined : JSON.parse(text);
}
