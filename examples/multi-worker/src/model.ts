import type { AIMessage, BaseMessage } from "@langchain/core/messages";
import type { ToolCall } from "@langchain/core/messages/tool";

/** What the graph asks of the outside world. Recorded or live, the graph is the same. */
export interface Model {
  readonly name: string;
  /** The system message of a new thread. */
  instructions(threadId: string): string | undefined;
  /** The next assistant message after `messages`; `undefined`: nothing more to say. */
  reply(threadId: string, messages: readonly BaseMessage[]): Promise<AIMessage | undefined>;
  /** The result of a tool call, which will be the message at `position`. */
  callTool(threadId: string, call: ToolCall, position: number): Promise<string>;
}

export interface ModelSettings {
  /** `MODEL`, or the default one when there is `OPENAI_API_KEY`. `undefined`: replay recorded conversations. */
  readonly live: string | undefined;
  /** File of conversations to replay. `undefined`: those that come with the example. */
  readonly transcripts: string | undefined;
  /** How long a recorded answer takes. */
  readonly latencyMs: number;
}

/** Transcripts are replayed whatever model is configured; else `MODEL`, else OpenAI's when there is a key, else the built-in recordings. */
export function modelSettings(env: NodeJS.ProcessEnv): ModelSettings {
  const transcripts = env.TRANSCRIPTS || undefined;
  const configured = env.MODEL || (env.OPENAI_API_KEY ? "openai:gpt-4o-mini" : undefined);
  return {
    live: transcripts === undefined ? configured : undefined,
    transcripts,
    latencyMs: Number(env.LATENCY_MS || 25),
  };
}

export async function openModel({ live, transcripts, latencyMs }: ModelSettings): Promise<Model> {
  if (live !== undefined) {
    const { liveModel } = await import("./live-model.js");
    return liveModel(live);
  }
  const { recordedModel } = await import("./recorded-model.js");
  return recordedModel(transcripts, latencyMs);
}
