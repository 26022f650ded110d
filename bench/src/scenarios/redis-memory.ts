import { RedisSaver } from "@holdfast/checkpoint-redis";
import { type RedisServer, startRedis } from "@holdfast/test-servers";
import { Redis } from "ioredis";
import { type Conversation, growingChat, readTranscripts } from "../conversations.js";
import { contentBytes, playConversation } from "../play.js";
import { kb, ratio } from "../report.js";
import type { Scenario } from "../scenario.js";

/** What `INFO memory` calls used, so with the overhead of hash tables and of the allocator's classes. */
async function usedMemory(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info("memory"))?.[1]);
}

interface MemoryUse {
  readonly workload: string;
  readonly turns: number;
  readonly contentBytes: number;
  readonly usedBytes: number;
  readonly keysPerThread: number;
}

/** Plays conversations, and asks the server how much more memory it uses than before. The server is to be nobody else's. */
async function measureMemory(
  server: RedisServer,
  turns: number,
  transcripts: string | undefined,
  limit: number,
): Promise<MemoryUse[]> {
  const workloads: [string, readonly Conversation[]][] = [
    ["chat", [growingChat(turns, "prose")]],
    ["chat, incompressible", [growingChat(turns, "random")]],
  ];
  if (transcripts !== undefined) workloads.push(["transcripts", (await readTranscripts(transcripts)).slice(0, limit)]);
  const redis = new Redis(server.url);
  const results: MemoryUse[] = [];
  for (const [workload, conversations] of workloads) {
    await redis.flushall();
    const saver = new RedisSaver(redis);
    // Scripts and buffers take memory once, whatever is stored.
    await playConversation(saver, "warm up", growingChat(20, "prose"), async () => {});
    await saver.deleteThread("warm up");
    await redis.flushall("SYNC");
    const before = await usedMemory(redis);
    let [played, content] = [0, 0];
    for (const [n, conversation] of conversations.entries()) {
      await playConversation(saver, `thread-${n}`, conversation, async (messages) => {
        played += 1;
        content += contentBytes(messages);
      });
    }
    const usedBytes = (await usedMemory(redis)) - before;
    const keys = (await redis.keys("holdfast:{thread-*")).length;
    results.push({ workload, turns: played, contentBytes: content, usedBytes, keysPerThread: keys / conversations.length });
    await saver.end();
  }
  await redis.quit();
  return results;
}

/** Memory of a Redis against the content of the messages. */
export const redisMemory: Scenario = async ({ quick, transcripts, progress }) => {
  const server = await startRedis({ private: true });
  const uses = await measureMemory(server, quick ? 50 : 200, transcripts, quick ? 20 : 150);
  await server.stop();
  for (const use of uses) progress(`${use.workload}: ${ratio(use.usedBytes / use.contentBytes)} the content`);
  return [
    {
      title: "Redis: memory against content",
      note: "The growth of `used_memory` while conversations are played through a real graph, on a server of their own; content is the UTF-8 bytes of the messages' text and of tool calls' arguments.",
      columns: ["workload", "turns", "content", "memory", "x content", "keys a thread"],
      rows: uses.map((use) => [
        use.workload,
        use.turns,
        kb(use.contentBytes),
        kb(use.usedBytes),
        ratio(use.usedBytes / use.contentBytes),
        use.keysPerThread,
      ]),
    },
  ];
};
