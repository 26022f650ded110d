import type { Conversation } from "./transcripts.js";

/** What one user message sets off: the message and everything up to before the next user message. */
export interface Turn {
  readonly id: string;
  /** Where its user message stands in the conversation. */
  readonly position: number;
  readonly message: string;
  /** How many messages follow before the next turn. 0: the user had the last word. */
  readonly replies: number;
}

export function turnsOf(conversation: Conversation): Turn[] {
  const starts = [...conversation.keys()].filter((position) => conversation[position]?.role === "user");
  return starts.map((position, index) => ({
    id: `turn-${index + 1}`,
    position,
    message: conversation[position]?.content ?? "",
    replies: (starts[index + 1] ?? conversation.length) - position - 1,
  }));
}
