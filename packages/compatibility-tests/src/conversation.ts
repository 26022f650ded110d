import { randomUUID } from "node:crypto";
import { createDatabase, type TestDatabase } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, inject, it } from "vitest";

/** What the application is asked: `say` of `application/conversation.mjs`. */
export interface Turn {
  readonly store: "postgres" | "redis";
  readonly url: string;
  readonly threadId: string;
  readonly text: string;
}

/**
 * Registers a conversation of two turns on each store.
 *
 * @param say plays one turn in a process of its own, and gives what the application answers, as JSON.
 */
export function playsConversations(on: string, say: (turn: Turn) => Promise<string>): void {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(inject("holdfastPostgresUrl"));
  });
  afterAll(async () => database?.drop());

  it.for(["postgres", "redis"] as const)(`C-13 C-75 ${on} remembers a conversation on %s, and names errors`, async (store) => {
    const url = store === "postgres" ? database.url : inject("holdfastRedisUrl");
    const thread = { store, url, threadId: randomUUID() };
    const refusal = { name: "InvalidThreadIdError", code: "HOLDFAST_INVALID_THREAD_ID" };
    const first = ["Hello", "You said: Hello"];
    expect(JSON.parse(await say({ ...thread, text: "Hello" }))).toEqual({ conversation: first, refusal });
    const second = [...first, "Again", "You said: Hello, Again"];
    expect(JSON.parse(await say({ ...thread, text: "Again" }))).toEqual({ conversation: second, refusal });
  });
}
