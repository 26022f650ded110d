import { NestFactory } from "@nestjs/core";
import { PostgresSaver, type ResumeReport, resumeAbandoned, threadId } from "@holdfast/checkpoint-postgres";
import { createDatabase, eventually, gate, type TestDatabase } from "@holdfast/test-servers";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { type ChatAgent, chatAgent, type Input } from "../src/chat.js";
import { chatServer } from "../src/fastify.js";
import { chatModule } from "../src/nest.js";
import { ScriptedModel } from "./scripted-model.js";

interface Server {
  readonly url: string;
  /** Stops runs and closes, as at SIGTERM. May be called again. */
  stop(): Promise<void>;
}

/** The servers of the guide, each with the saver as it ends it. */
const SERVERS: Readonly<Record<string, (agent: ChatAgent, saver: PostgresSaver) => Promise<Server>>> = {
  async Fastify(agent, saver) {
    const shutdown = new AbortController();
    const app = chatServer(agent, saver, shutdown.signal);
    const stop = async () => {
      shutdown.abort();
      await app.close();
      await saver.end();
    };
    return { url: await app.listen({ port: 0, host: "127.0.0.1" }), stop };
  },
  async NestJS(agent, saver) {
    const app = await NestFactory.create(chatModule(agent, saver), { logger: false });
    await app.listen(0, "127.0.0.1");
    return { url: await app.getUrl(), stop: () => app.close() };
  },
};

let database: TestDatabase;
let saver: PostgresSaver;
let model: ScriptedModel;
let app: Server;

beforeAll(async () => {
  database = await createDatabase(inject("holdfastPostgresUrl"));
  saver = PostgresSaver.fromConnString(database.url);
  await saver.setup();
});
afterAll(async () => {
  await saver?.end();
  await database?.drop();
});
/** The events of a stream: name and data. */
const eventsOf = (text: string) =>
  [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, event, data]) => ({ event, data: JSON.parse(data as string) }));

describe.each(Object.entries(SERVERS))("a chat on %s", (name, start) => {
  const user = `ada-${name}`;
  const headers = { "content-type": "application/json", "x-user": user };
  const send = (chat: string, input: Input, signal?: AbortSignal) =>
    fetch(`${app.url}/chats/${chat}/turns`, { method: "POST", headers, body: JSON.stringify(input), ...(signal && { signal }) });
  const get = async (path: string) =>
    (await (await fetch(app.url + path, { headers })).json()) as { type: string; text: string }[];

  beforeEach(async () => {
    model = new ScriptedModel({});
    // "conversation" is stored beside the checkpoints, so that the list of chats can show it.
    const ofServer = PostgresSaver.fromConnString(database.url, { labels: ["conversation"] });
    app = await start(chatAgent(model, ofServer), ofServer);
    return () => app.stop();
  });

  it("C-13 streams an answer, and shows the conversation", async () => {
    const response = await send("streams", { message: { id: "m1", text: "Hello" } });
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const events = eventsOf(await response.text());
    expect(events.filter(({ event }) => event === "token").map(({ data }) => data.text)).toEqual(["You ", "said: ", "Hello"]);
    expect(events.at(-1)).toEqual({ event: "done", data: { answer: "You said: Hello" } });
    expect((await get("/chats/streams")).map(({ text }) => text)).toEqual(["Hello", "You said: Hello"]);
  });

  it("C-94 refuses a second submit at the same time", async () => {
    const paused = gate();
    model.pause = paused.opened;
    const input = { message: { id: "m1", text: "Hello" } };
    const first = await send("double", input);
    const second = await send("double", input);
    expect([second.status, await second.json()]).toEqual([409, { code: "HOLDFAST_THREAD_BUSY" }]);
    paused.open();
    expect(eventsOf(await first.text()).at(-1)?.event).toBe("done");
  });

  it("answers a second submit afterwards without a second run", async () => {
    const input = { message: { id: "m1", text: "Hello" } };
    await (await send("repeated", input)).text();
    const again = eventsOf(await (await send("repeated", input)).text());
    expect(again).toEqual([{ event: "done", data: { answer: "You said: Hello" } }]);
    expect(model.calls).toEqual(["Hello"]);
  });

  it("asks for approval, and takes each answer once", async () => {
    const asked = eventsOf(await (await send("approves", { message: { id: "m1", text: "Refund me" } })).text());
    const { id, question } = asked.at(-1)?.data ?? {};
    expect(question).toEqual({ tool: "refund", args: { amount: 5 } });
    expect(await get("/chats")).toContainEqual(expect.objectContaining({ id: "approves", isWaiting: true }));
    const other = await send("approves", { message: { id: "m2", text: "Hello" } });
    expect([other.status, await other.json()]).toEqual([409, { code: "CONFLICT" }]);
    const approval = { approval: { id, approved: true } };
    for (const _ of [1, 2]) {
      const answered = eventsOf(await (await send("approves", approval)).text());
      expect(answered.at(-1)).toEqual({ event: "done", data: { answer: "You said: done" } });
    }
    expect(model.calls).toEqual(["Refund me", "done"]);
  });

  it("stops when the client goes, and resumes when it sends the message again", async () => {
    const paused = gate();
    model.pause = paused.opened;
    const client = new AbortController();
    const input = { message: { id: "m1", text: "Hello" } };
    const response = await send("leaves", input, client.signal);
    client.abort();
    await expect(response.text()).rejects.toThrow();
    // The lease is free when the run has stopped.
    const again = await eventually("the conversation is free again", async () => {
      const answer = await send("leaves", input);
      return answer.ok && answer;
    });
    paused.open();
    expect(eventsOf(await again.text()).at(-1)).toEqual({ event: "done", data: { answer: "You said: Hello" } });
    expect((await get("/chats/leaves")).filter(({ type }) => type === "human")).toHaveLength(1);
  });

  it("C-96 hands the conversation over when the process ends: another worker finishes the turn", async () => {
    const paused = gate();
    model.pause = paused.opened;
    const response = await send("deploys", { message: { id: "m1", text: "Hello" } });
    const stopped = app.stop();
    expect(eventsOf(await response.text()).at(-1)?.event).toBe("error");
    await stopped;

    const other = new AbortController();
    const resumed: ResumeReport[] = [];
    await resumeAbandoned(chatAgent(new ScriptedModel({}), saver), saver, {
      signal: other.signal,
      onReport: (report) => {
        resumed.push(report);
        other.abort();
      },
    });
    expect(resumed.map(({ kind, threadId: id }) => ({ kind, id }))).toEqual([
      { kind: "resumed", id: threadId({ user, conversation: "deploys" }) },
    ]);
    const { messages } = (resumed[0] as { values: { messages: { text: string }[] } }).values;
    expect(messages.map(({ text }) => text)).toEqual(["Hello", "You said: Hello"]);
    paused.open();
  });

  it("says which request is wrong", async () => {
    const response = await fetch(`${app.url}/chats/x/turns`, {
      method: "POST",
      headers: { ...headers, "x-user": "a".repeat(2_000) },
      body: JSON.stringify({ message: { id: "m1", text: "Hello" } }),
    });
    expect([response.status, await response.json()]).toEqual([400, { code: "HOLDFAST_INVALID_THREAD_ID" }]);
  });
});
