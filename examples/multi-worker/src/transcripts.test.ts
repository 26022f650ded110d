import { expect, test } from "vitest";
import { samples } from "./samples.js";
import { assertReplayable, parseTranscripts, readTranscripts, TranscriptError } from "./transcripts.js";

const call = (id: string, args = "{}") => ({ id, type: "function", function: { name: "look_up", arguments: args } });
const line = (...messages: object[]) => JSON.stringify({ task_id: 1, traj: messages });
const parse = (...messages: object[]) => parseTranscripts(line(...messages), "file");

test("each line is a conversation; empty lines and other fields of a line are passed over", () => {
  const user = { role: "user", content: "hello" };
  const text = `${line(user)}\n\n${JSON.stringify({ messages: [user, { role: "assistant", content: "hi" }] })}\n`;
  expect(parseTranscripts(text, "file").map((conversation) => conversation.map(({ role }) => role))).toEqual([
    ["user"],
    ["user", "assistant"],
  ]);
});

test("tool calls, their results and empty contents are kept as they are", () => {
  const messages = [
    { role: "user", content: "hello" },
    { role: "assistant", content: null, tool_calls: [call("a", '{"n": 1.0}'), call("b")] },
    { role: "tool", tool_call_id: "a", name: "look_up", content: "" },
    { role: "tool", tool_call_id: "b", name: "look_up", content: "two" },
  ];
  expect(parse(...messages)).toEqual([messages]);
});

test("the built-in conversations can be replayed", () => {
  for (const sample of samples) expect(() => assertReplayable(sample)).not.toThrow();
});

test.each<[string, object[], RegExp]>([
  ["an unknown role", [{ role: "robot", content: "" }], /line 1: .*role/],
  ["a user without a text", [{ role: "user", content: null }], /message 1 \(user\): it has no content/],
  [
    "a late system message",
    [
      { role: "user", content: "a" },
      { role: "system", content: "b" },
    ],
    /message 2 \(system\)/,
  ],
  ["an assistant who begins", [{ role: "assistant", content: "a" }], /begins with the user/],
  [
    "two answers to one message",
    [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
      { role: "assistant", content: "c" },
    ],
    /message 3 \(assistant\): it follows an answer/,
  ],
  [
    "a result that nobody asked for",
    [
      { role: "user", content: "a" },
      { role: "tool", tool_call_id: "x", content: "b" },
    ],
    /no tool call that it answers/,
  ],
  [
    "results in another order than the calls",
    [
      { role: "user", content: "a" },
      { role: "assistant", content: null, tool_calls: [call("x"), call("y")] },
      { role: "tool", tool_call_id: "y", content: "b" },
    ],
    /it answers y, the next open call is x/,
  ],
  [
    "a call without a result",
    [
      { role: "user", content: "a" },
      { role: "assistant", content: null, tool_calls: [call("x")] },
    ],
    /result of tool call x is missing at the end/,
  ],
  [
    "arguments that are no JSON",
    [
      { role: "user", content: "a" },
      { role: "assistant", content: null, tool_calls: [call("x", "{")] },
    ],
    /arguments of tool call x are no JSON object/,
  ],
  ["nobody speaking", [{ role: "system", content: "a" }], /no user message/],
])("refuses %s, and says where", (_, messages, text) => {
  expect(() => parse(...messages)).toThrow(TranscriptError);
  expect(() => parse(...messages)).toThrow(text);
});

test("refuses a line that is no JSON, a file without conversations, and a file that is not there", async () => {
  expect(() => parseTranscripts("{}\n{", "file")).toThrow(/file, line 1/);
  expect(() => parseTranscripts(`${line({ role: "user", content: "a" })}\n{`, "file")).toThrow(/file, line 2/);
  expect(() => parseTranscripts("\n", "file")).toThrow("file holds no conversation.");
  await expect(readTranscripts("/no/such/file")).rejects.toThrow(/transcripts cannot be read: ENOENT/);
});
