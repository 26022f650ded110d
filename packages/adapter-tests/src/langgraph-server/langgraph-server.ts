import { randomUUID } from "node:crypto";
import { createEmbedServer, type ThreadSaver } from "@langchain/langgraph-api/experimental/embed";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "../bundled-child.js";
import { servedProject } from "../children/langgraph-server.js";
import type { KeepingSaver, RetentionTarget } from "../retention/target.js";
import type { TestStore } from "../target.js";
import { DevServer } from "./dev-server.js";

const NOTHING = { checkpoints: 0, segments: 0, writes: 0, orphans: [] };

/** Registers the tests of LangGraph's own servers. */
export function langgraphServerTests(target: RetentionTarget): void {
  let store: TestStore;
  let saver: KeepingSaver;

  beforeAll(async () => {
    store = await target.openStore();
    saver = target.open(store.url);
  });
  afterAll(async () => {
    if (saver !== undefined) await target.close(saver);
    await store?.drop();
  });

  async function turnsOf(thread: string): Promise<unknown> {
    return (await saver.getTuple({ configurable: { thread_id: thread } }))?.checkpoint.channel_values.turns;
  }

  describe("langgraphjs dev", () => {
    let project: BundledChild;
    let server: DevServer;

    beforeAll(async () => {
      project = await bundleChild(new URL("langgraph-server.ts", target.children));
      server = await DevServer.start(project.path, store.url);
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
      await project?.remove();
    });

    const newThread = async (on: DevServer, thread: string = randomUUID()): Promise<string> => {
      await on.request("POST", "/threads", { thread_id: thread });
      return thread;
    };
    const say = (on: DevServer, thread: string, turn: string, graph = "agent"): Promise<unknown> =>
      on.request("POST", `/threads/${thread}/runs/wait`, { assistant_id: graph, input: { turns: [turn] } });

    it("C-120 a pinned graph keeps its threads in our store", async () => {
      const thread = await newThread(server);
      await say(server, thread, "one");
      expect(await say(server, thread, "two")).toEqual({ turns: ["one", "answer to one", "two", "answer to two"] });
      expect(await turnsOf(thread)).toEqual(["one", "answer to one", "two", "answer to two"]);
      expect(await server.request("GET", `/threads/${thread}/state`)).toMatchObject({ values: { turns: await turnsOf(thread) } });
    });

    it("C-120 an edit of the state and the history are those of our store", async () => {
      const thread = await newThread(server);
      await say(server, thread, "one");
      await server.request("POST", `/threads/${thread}/state`, { values: { turns: ["edited"] }, as_node: "answer" });
      expect(await turnsOf(thread)).toEqual(["one", "answer to one", "edited"]);
      const history = await server.request("POST", `/threads/${thread}/history`, { limit: 100 });
      expect(history).toHaveLength((await saver.stats(thread)).checkpoints);
    });

    it("C-120 another server goes on with a thread", async () => {
      const thread = await newThread(server);
      await say(server, thread, "one");
      await using other = await DevServer.start(project.path, store.url);
      await newThread(other, thread);
      expect(await say(other, thread, "two")).toEqual({ turns: ["one", "answer to one", "two", "answer to two"] });
    });

    it("C-120 DELETE /threads takes the thread out of our store", async () => {
      const thread = await newThread(server);
      await say(server, thread, "one");
      expect(await target.inspect(store.url, thread)).not.toEqual(NOTHING);
      await server.request("DELETE", `/threads/${thread}`);
      expect(await target.inspect(store.url, thread)).toEqual(NOTHING);
      await expect(server.request("DELETE", `/threads/${thread}`)).rejects.toThrow("404");
    });

    it("C-120 POST /threads/…/copy copies the thread in our store", async () => {
      const thread = await newThread(server);
      await say(server, thread, "one");
      const { thread_id: copy } = (await server.request("POST", `/threads/${thread}/copy`)) as { thread_id: string };
      await say(server, copy, "two");
      expect(await turnsOf(copy)).toEqual(["one", "answer to one", "two", "answer to two"]);
      expect(await turnsOf(thread)).toEqual(["one", "answer to one"]);
    });

    it("C-120 a run without a thread leaves nothing behind", async () => {
      const { checkpoints } = await saver.stats();
      expect(await server.request("POST", "/runs/wait", { assistant_id: "agent", input: { turns: ["one"] } })).toEqual({
        turns: ["one", "answer to one"],
      });
      expect((await saver.stats()).checkpoints).toBe(checkpoints);
    });

    it("C-120 without pinCheckpointer the server replaces the saver", async () => {
      const thread = await newThread(server);
      await say(server, thread, "one", "unpinned");
      expect(await turnsOf(thread)).toBeUndefined();
    });
  });

  describe("createEmbedServer", () => {
    it("C-120 keeps a thread in the saver it is given, and DELETE takes it out", async () => {
      const record = (id: string) => ({ thread_id: id, metadata: { graph_id: "agent" } });
      const threads: ThreadSaver = {
        get: async (id) => record(id),
        set: async (id) => record(id),
        delete: (id) => saver.deleteThread(id),
      };
      const { agent } = servedProject(saver);
      const app = createEmbedServer({ graph: { agent: agent() as never }, checkpointer: saver, threads });
      const thread = randomUUID();
      const request = async (method: string, path: string, body?: object): Promise<string> => {
        const answer = await app.request(`/threads/${thread}${path}`, {
          method,
          headers: { "content-type": "application/json" },
          ...(body && { body: JSON.stringify(body) }),
        });
        expect(answer.ok).toBe(true);
        return answer.text();
      };
      for (const turn of ["one", "two"]) {
        await request("POST", "/runs/stream", { assistant_id: "agent", input: { turns: [turn] } });
      }
      expect(await turnsOf(thread)).toEqual(["one", "answer to one", "two", "answer to two"]);
      expect(JSON.parse(await request("GET", "/state"))).toMatchObject({ values: { turns: await turnsOf(thread) } });
      await request("DELETE", "");
      expect(await target.inspect(store.url, thread)).toEqual(NOTHING);
    });
  });
}
