import { describe, expect, test } from "vitest";
import { checkLive, compareWithTranscript, contentBytes, type FinalState } from "./check.js";
import { toChat, toLangChain } from "./messages.js";
import { samples } from "./samples.js";
import type { Conversation } from "./transcripts.js";
import { turnsOf } from "./turns.js";

const NOTHING = { lost: 0, doubled: 0, differing: 0 };

/** The state of a thread in which the transcript was played without a fault. */
function played(transcript: Conversation): FinalState {
  return {
    messages: transcript.map((message, position) => toChat(toLangChain(message, position))),
    turns: turnsOf(transcript).map(({ id }) => id),
  };
}

const [transcript = []] = samples;
const right = played(transcript);
const without = (position: number) => right.messages.toSpliced(position, 1);
const changed = (position: number, change: object) =>
  right.messages.map((message, at) => (at === position ? { ...message, ...change } : message));

describe("against a transcript", () => {
  test.each(samples.map((sample, index) => [index + 1, sample] as const))(
    "built-in conversation %i played right has no differences",
    (_, sample) => {
      expect(compareWithTranscript(played(sample), sample)).toEqual(NOTHING);
    },
  );

  test("arguments written in another way are the same arguments", () => {
    const spaced = transcript.map((message) => ({
      ...message,
      tool_calls: message.tool_calls?.map((call) => ({
        ...call,
        function: { ...call.function, arguments: JSON.stringify(JSON.parse(call.function.arguments), null, 2) },
      })),
    }));
    expect(compareWithTranscript(right, spaced)).toEqual(NOTHING);
  });

  test.each([...transcript.keys()])("sees that message %i is lost", (position) => {
    expect(compareWithTranscript({ ...right, messages: without(position) }, transcript)).toEqual({ ...NOTHING, lost: 1 });
  });

  test.each([...transcript.keys()])("sees that message %i is there twice, wherever the second is", (position) => {
    const again = right.messages.slice(position, position + 1);
    for (const at of [position + 1, right.messages.length]) {
      const messages = right.messages.toSpliced(at, 0, ...again);
      expect(compareWithTranscript({ ...right, messages }, transcript)).toEqual({ ...NOTHING, doubled: 1 });
    }
  });

  test("sees an id that is there twice, even where the texts are right", () => {
    const messages = changed(3, { id: right.messages[2]?.id });
    expect(compareWithTranscript({ ...right, messages }, transcript)).toEqual({ ...NOTHING, doubled: 1 });
  });

  test.each([
    ["content", 1, { content: "Hello?" }],
    ["role", 1, { role: "assistant" }],
    ["tool call", 4, { tool_calls: [] }],
    ["tool_call_id", 5, { tool_call_id: "call_other" }],
    ["name of the tool", 5, { name: "other" }],
  ])("sees another %s", (_, position, change) => {
    expect(compareWithTranscript({ ...right, messages: changed(position, change) }, transcript)).toEqual({
      ...NOTHING,
      differing: 1,
    });
  });

  test("sees the three together", () => {
    const messages = changed(1, { content: "Hello?" }).toSpliced(8, 1);
    messages.push(...messages.slice(-1));
    expect(compareWithTranscript({ ...right, messages }, transcript)).toEqual({ lost: 1, doubled: 1, differing: 1 });
  });

  test("sees turns that are lost or there twice", () => {
    const { turns } = right;
    expect(compareWithTranscript({ ...right, turns: turns.slice(1) }, transcript)).toEqual({ ...NOTHING, lost: 1 });
    expect(compareWithTranscript({ ...right, turns: [...turns, "turn-1"] }, transcript)).toEqual({ ...NOTHING, doubled: 1 });
  });

  test("sees that nothing is left", () => {
    const lost = transcript.length + right.turns.length;
    expect(compareWithTranscript({ messages: [], turns: [] }, transcript)).toEqual({ ...NOTHING, lost });
  });
});

describe("with a live model", () => {
  test("any answer will do", () => {
    expect(checkLive({ ...right, messages: changed(2, { content: "Something else." }) }, transcript)).toEqual(NOTHING);
  });

  test("sees user messages and results of tools that are lost, doubled or differing", () => {
    expect(checkLive({ ...right, messages: without(1) }, transcript)).toEqual({ ...NOTHING, lost: 1 });
    expect(checkLive({ ...right, messages: without(6) }, transcript)).toEqual({ ...NOTHING, lost: 1 });
    expect(checkLive({ ...right, messages: changed(1, { content: "Hello?" }) }, transcript)).toEqual({
      ...NOTHING,
      differing: 1,
    });
    const messages = right.messages.toSpliced(6, 0, ...right.messages.slice(6, 7));
    expect(checkLive({ ...right, messages }, transcript).doubled).toBeGreaterThan(0);
  });
});

test("content is counted in bytes of UTF-8, arguments of tool calls included", () => {
  const function_ = { name: "look_up", arguments: '{"a":1}' };
  expect(
    contentBytes([
      { role: "user", content: "Zürich 🎻" },
      { role: "assistant", content: null, tool_calls: [{ id: "x", type: "function", function: function_ }] },
    ]),
  ).toBe(12 + 7);
});
