/** Works on many threads of large state, and tells what the process holds then. Needs `--expose-gc`. */
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { AIMessage } from "@langchain/core/messages";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { PostgresSaver as OfficialSaver } from "@langchain/langgraph-checkpoint-postgres";
import { CheckpointChain } from "./workloads/checkpoint-chain.js";
import { messagesOf, textOf } from "./workloads/conversations.js";

/** What the process is told, as its only argument. */
export interface HeapTask {
  readonly store: "holdfast postgres" | "official postgres" | "holdfast redis";
  readonly url: string;
  /** Of a saver that has a cache. */
  readonly cacheBytes: number | undefined;
  readonly threads: number;
}

/** After the garbage was collected. */
interface Held {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

export interface HeapReport {
  readonly before: Held;
  readonly after: Held;
}

const { store, url, cacheBytes, threads } = JSON.parse(process.argv[2] ?? "") as HeapTask;
const saver = open();
const texts = textOf(64, 1_000);

await work("small", 10_000);
const before = held();
// Threads of another process are others: the servers are shared.
for (let n = 0; n < threads; n += 1) await work(`${process.pid} ${n}`, 1_000_000);
const report: HeapReport = { before, after: held() };
process.send?.(report);
await saver.end();
process.disconnect();

async function work(thread: string, bytes: number): Promise<void> {
  const messages = messagesOf(bytes);
  const chain = new CheckpointChain(saver, thread);
  await chain.put({ messages });
  await chain.put({ messages: [...messages, new AIMessage({ id: "new", content: texts() })] });
  await saver.getTuple(chain.config);
}

function held(): Held {
  // Twice: what the first frees may hold others.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapUsed, external, rss };
}

function open(): BaseCheckpointSaver & { end(): Promise<void> } {
  const options = cacheBytes === undefined ? {} : { cacheBytes };
  if (store === "official postgres") return OfficialSaver.fromConnString(url);
  return store === "holdfast redis" ? RedisSaver.fromUrl(url, options) : PostgresSaver.fromConnString(url, options);
}
