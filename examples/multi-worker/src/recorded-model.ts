import { setTimeout as pause } from "node:timers/promises";
import { AIMessage } from "@langchain/core/messages";
import { toLangChain } from "./messages.js";
import type { Model } from "./model.js";
import { samples } from "./samples.js";
import { conversationNumber } from "./thread-ids.js";
import { type Conversation, readTranscripts } from "./transcripts.js";

/**
 * Replays recorded conversations. The answer depends on the thread and on the number of messages in its state, on nothing else: whichever worker
 * runs the next node gives the answer that the last one would have given.
 */
export async function recordedModel(file: string | undefined, latencyMs: number): Promise<Model> {
  const conversations = file === undefined ? samples : await readTranscripts(file);
  const recordingOf = (threadId: string): Conversation =>
    conversations[conversationNumber(threadId) % conversations.length] ?? [];
  return {
    name: file === undefined ? "recorded (built-in conversations)" : "recorded (transcripts)",
    instructions(threadId) {
      const first = recordingOf(threadId)[0];
      return first?.role === "system" ? (first.content ?? "") : undefined;
    },
    async reply(threadId, messages) {
      await pause(latencyMs);
      const next = recordingOf(threadId)[messages.length];
      if (next?.role !== "assistant") return undefined;
      const reply = toLangChain(next, messages.length);
      return AIMessage.isInstance(reply) ? reply : undefined;
    },
    async callTool(threadId, call, position) {
      const recording = recordingOf(threadId);
      const siblings = position - recording.slice(0, position).findLastIndex(({ role }) => role === "assistant");
      // Parallel calls take their time one more than the other, so that a crash can come when some are done and some are not.
      await pause(latencyMs * siblings);
      const result = recording[position];
      if (result?.role !== "tool" || result.tool_call_id !== call.id) {
        throw new Error(`The recording of ${threadId} has no result of ${call.name} (${call.id}) at message ${position + 1}.`);
      }
      return result.content ?? "";
    },
  };
}
