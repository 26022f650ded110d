import { PostgresSaver, threadId } from "@holdfast/checkpoint-postgres";
import { createDatabase, gate, type TestDatabase } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { chatAgent, runTurn } from "../src/chat.js";
import { ScriptedModel } from "./scripted-model.js";

let database: TestDatabase;
let functions: typeof import("../src/serverless.js");
beforeAll(async () => {
  database = await createDatabase(inject("holdfastPostgresUrl"));
  const deployment = PostgresSaver.fromConnString(database.url);
  await deployment.setup();
  await deployment.end();
  vi.stubEnv("DATABASE_URL", database.url);
  functions = await import("../src/serverless.js");
});
afterAll(() => database?.drop());

it("C-13 a function answers, and the next invocation remembers", async () => {
  const invoke = (id: string) => functions.turn({ user: "ada", conversation: "1", input: { message: { id, text: id } } }, 30_000);
  expect(await invoke("one")).toEqual({ status: 200, body: { event: "done", data: { answer: "You said: one" } } });
  expect(await invoke("two")).toEqual({ status: 200, body: { event: "done", data: { answer: "You said: two" } } });
  expect(await invoke("two")).toEqual({ status: 200, body: { event: "done", data: { answer: "You said: two" } } });
});

it("C-97 the scheduled function resumes a turn that was cut off", async () => {
  const paused = gate();
  const cutOff = new ScriptedModel({});
  cutOff.pause = paused.opened;
  const saver = PostgresSaver.fromConnString(database.url);
  const agent = chatAgent(cutOff, saver);
  const shutdown = new AbortController();
  const input = { message: { id: "m1", text: "Hello" } };
  const events = runTurn(agent, saver, {
    user: "ada",
    conversation: "2",
    input,
    signal: shutdown.signal,
    shutdown: shutdown.signal,
  });
  await events.next();
  shutdown.abort();
  await expect(events.next()).rejects.toThrow();
  paused.open();

  await functions.scheduled(4_000);
  const { values } = await agent.getState({ configurable: { thread_id: threadId({ user: "ada", conversation: "2" }) } });
  expect(values.messages.map(({ text }: { text: string }) => text)).toEqual(["Hello", "You said: Hello"]);
  await saver.end();
});
