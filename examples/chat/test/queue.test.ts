import { PostgresSaver, threadId } from "@holdfast/checkpoint-postgres";
import { createDatabase, startRedis, type RedisServer, type TestDatabase } from "@holdfast/test-servers";
import { QueueEvents } from "bullmq";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { chatAgent } from "../src/chat.js";
import { model } from "../src/model.js";
import { enqueue, turnQueue, turnWorker } from "../src/queue.js";

let database: TestDatabase;
let redis: RedisServer;
let saver: PostgresSaver;
beforeAll(async () => {
  database = await createDatabase(inject("holdfastPostgresUrl"));
  redis = await startRedis({ private: true });
  saver = PostgresSaver.fromConnString(database.url);
  await saver.setup();
});
afterAll(async () => {
  await saver?.end();
  await database?.drop();
  await redis?.stop();
});

it("C-94 messages of a queue run one after the other in a conversation, and each once", async () => {
  const connection = { host: redis.host, port: redis.port, password: redis.password, maxRetriesPerRequest: null };
  const agent = chatAgent(model(), saver);
  const shutdown = new AbortController();
  const queue = turnQueue(connection);
  const events = new QueueEvents(queue.name, { connection });
  const workers = [1, 2].map(() => turnWorker(agent, saver, connection, shutdown.signal));
  try {
    const turn = (id: string) => ({ user: "ada", conversation: "1", message: { id, text: id } });
    const jobs = await Promise.all(["m1", "m2", "m3", "m1"].map((id) => enqueue(queue, turn(id))));
    const answers = await Promise.all(jobs.map((job) => job.waitUntilFinished(events)));
    expect(answers.every((answer) => answer?.event === "done")).toBe(true);
    const { values } = await agent.getState({ configurable: { thread_id: threadId({ user: "ada", conversation: "1" }) } });
    const texts: string[] = values.messages.map(({ text }: { text: string }) => text);
    expect(texts.filter((text) => !text.startsWith("You said")).sort()).toEqual(["m1", "m2", "m3"]);
    // Each question stands before its answer: no turn began within another.
    for (let turn = 0; turn < 6; turn += 2) expect(texts[turn + 1]).toBe(`You said: ${texts[turn]}`);
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
    await events.close();
    await queue.close();
  }
});
