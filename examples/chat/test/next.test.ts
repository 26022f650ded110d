import { PostgresSaver, threadId } from "@holdfast/checkpoint-postgres";
import { createDatabase, type TestDatabase } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { POST } from "../src/next.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase(inject("holdfastPostgresUrl"));
  vi.stubEnv("DATABASE_URL", database.url);
});
afterAll(async () => {
  const { chat } = globalThis as { chat?: Promise<{ saver: PostgresSaver }> };
  await (await chat)?.saver.end();
  await database?.drop();
});

const post = (text: string) => {
  const body = JSON.stringify({ message: { id: text, text } });
  const request = new Request("http://localhost/chats/1/turns", { method: "POST", headers: { "x-user": "ada" }, body });
  return POST(request, { params: Promise.resolve({ id: "1" }) });
};

it("C-13 a route handler streams an answer", async () => {
  const response = await post("Hello");
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(await response.text()).toContain('event: done\ndata: {"answer":"You said: Hello"}\n\n');
});

it("C-94 a route handler runs a message once that is submitted twice", async () => {
  const responses = await Promise.all([post("one"), post("one")]);
  await Promise.all(responses.map((response) => response.text()));
  expect(responses.map(({ status }) => status)).toContain(200);
  const saver = PostgresSaver.fromConnString(database.url);
  const tuple = await saver.getTuple({ configurable: { thread_id: threadId({ user: "ada", conversation: "1" }) } });
  const messages = tuple?.checkpoint.channel_values.messages as { text: string }[];
  expect(messages.map(({ text }) => text)).toEqual(["Hello", "You said: Hello", "one", "You said: one"]);
  await saver.end();
});
