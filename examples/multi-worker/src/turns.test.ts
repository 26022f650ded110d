import { expect, test } from "vitest";
import type { ChatMessage } from "./transcripts.js";
import { turnsOf } from "./turns.js";

const say = (role: ChatMessage["role"], content: string): ChatMessage => ({ role, content });

test("a turn is a user message and all up to before the next one", () => {
  const conversation = [
    say("system", "be kind"),
    say("user", "hello"),
    say("assistant", "hi"),
    say("user", "what now?"),
    say("assistant", "let me see"),
    say("tool", "found"),
    say("assistant", "this"),
  ];
  expect(turnsOf(conversation)).toEqual([
    { id: "turn-1", position: 1, message: "hello", replies: 1 },
    { id: "turn-2", position: 3, message: "what now?", replies: 3 },
  ]);
});

test("a user who has the last word has a turn of their own", () => {
  expect(turnsOf([say("user", "hello"), say("assistant", "hi"), say("user", "bye")]).at(-1)).toEqual({
    id: "turn-2",
    position: 2,
    message: "bye",
    replies: 0,
  });
});

test("without a system message the first turn begins at the first message", () => {
  expect(turnsOf([say("user", "hello")]).map(({ position }) => position)).toEqual([0]);
});
