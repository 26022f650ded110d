import { readFile } from "node:fs/promises";
import { z } from "zod";

const ToolCall = z.object({
  id: z.string().min(1),
  type: z.literal("function").optional(),
  function: z.object({ name: z.string().min(1), arguments: z.string() }),
});

const Message = z.object({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: z.string().nullable(),
  tool_calls: z.array(ToolCall).nullish(),
  tool_call_id: z.string().optional(),
  name: z.string().optional(),
});

const Line = z
  .object({ traj: z.array(Message), messages: z.array(Message) })
  .partial()
  .refine(({ traj, messages }) => traj !== undefined || messages !== undefined, { error: "there is neither traj nor messages" });

/** A message in OpenAI's chat format. */
export type ChatMessage = z.infer<typeof Message>;

/** One recorded conversation, from the first message to the last. */
export type Conversation = readonly ChatMessage[];

/** A transcript that cannot be read or replayed; the text says where and why. */
export class TranscriptError extends Error {
  override readonly name = "TranscriptError";
}

/** Reads JSON Lines: one conversation a line, `{"traj": [message, …]}` or `{"messages": [message, …]}`. */
export async function readTranscripts(file: string): Promise<Conversation[]> {
  const text = await readFile(file, "utf8").catch((cause: Error) => {
    throw new TranscriptError(`The transcripts cannot be read: ${cause.message}`, { cause });
  });
  return parseTranscripts(text, file);
}

export function parseTranscripts(text: string, source: string): Conversation[] {
  const conversations: Conversation[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      conversations.push(parseConversation(line));
    } catch (cause) {
      throw new TranscriptError(`${source}, line ${index + 1}: ${(cause as Error).message}`, { cause });
    }
  }
  if (conversations.length === 0) throw new TranscriptError(`${source} holds no conversation.`);
  return conversations;
}

function parseConversation(line: string): Conversation {
  const parsed = Line.safeParse(JSON.parse(line));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " "));
  const conversation = parsed.data.traj ?? parsed.data.messages ?? [];
  assertReplayable(conversation);
  return conversation;
}

/**
 * What the graph can play again: an optional system message, then turns. A turn is a user message, then the assistant's messages; after each one
 * with tool calls come their results, in the order of the calls.
 */
export function assertReplayable(conversation: Conversation): void {
  const results: string[] = [];
  for (const [position, message] of conversation.entries()) {
    const previous = conversation[position - 1]?.role;
    const refuse = (why: string): never => {
      throw new Error(`message ${position + 1} (${message.role}): ${why}`);
    };
    const expected = results.shift();
    if (message.role === "tool") {
      if (expected === undefined) refuse("there is no tool call that it answers");
      if (message.tool_call_id !== expected) refuse(`it answers ${message.tool_call_id}, the next open call is ${expected}`);
      continue;
    }
    if (expected !== undefined) refuse(`the result of tool call ${expected} is missing before it`);
    if (message.role === "system" && position > 0) refuse("a system message can only be the first");
    if (message.role === "user" && message.content === null) refuse("it has no content");
    if (message.role !== "assistant") continue;
    if (previous === undefined || previous === "system") refuse("a conversation begins with the user");
    if (previous === "assistant") refuse("it follows an answer that ended the turn");
    for (const call of message.tool_calls ?? []) {
      if (!isObject(call.function.arguments)) refuse(`the arguments of tool call ${call.id} are no JSON object`);
      results.push(call.id);
    }
  }
  if (results.length > 0) throw new Error(`the result of tool call ${results[0]} is missing at the end`);
  if (!conversation.some(({ role }) => role === "user")) throw new Error("there is no user message");
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
