/** One of the processes of the throughput scenario: so many threads at once, each putting one checkpoint after the other. */
import { RedisSaver } from "@holdfast/checkpoint-redis";
import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { type ConnectionCounters, countingPool } from "./servers/counting-pool.js";
import { CountingRedis } from "./servers/counting-redis.js";
import { FLOOR_INSERT, POSTGRES_SAVERS } from "./servers/postgres.js";
import { CheckpointChain } from "./workloads/checkpoint-chain.js";
import { messagesOf, textOf } from "./workloads/conversations.js";

export type ThroughputStore = "holdfast postgres" | "official postgres" | "insert" | "holdfast redis" | "set";

/** What a worker is told, as its only argument. */
export interface ThroughputTask {
  readonly store: ThroughputStore;
  readonly url: string;
  /** Of each thread, in a round. */
  readonly checkpoints: number;
  /** Text that a thread has when the measurement begins, and what each checkpoint adds to it. */
  readonly stateBytes: number;
  readonly changeBytes: number;
}

/** A round begins with the names of its threads; when all processes are ready, they are told to go. */
export interface ThroughputOrder {
  readonly prepare?: readonly string[];
}

export interface ThroughputReport extends ConnectionCounters {
  readonly clientCpuMs: number;
}

type Step = () => Promise<unknown>;

const task = JSON.parse(process.argv[2] ?? "") as ThroughputTask;

const { step, count } = await open();
let steps: readonly Step[] = [];

process.on("message", (order: ThroughputOrder) => void (order.prepare === undefined ? run() : prepare(order.prepare)));

/** Threads of their own for the round. One step is taken already: after it connections are up and statements known. */
async function prepare(threads: readonly string[]): Promise<void> {
  steps = await Promise.all(threads.map(step));
  await Promise.all(steps.map((next) => next()));
  process.send?.("ready");
}

async function run(): Promise<void> {
  const before = count();
  const cpuBefore = process.cpuUsage();
  await Promise.all(
    steps.map(async (next) => {
      for (let n = 0; n < task.checkpoints; n += 1) await next();
    }),
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  const after = count();
  const report: ThroughputReport = {
    clientCpuMs: (user + system) / 1_000,
    statements: after.statements - before.statements,
    bytesSent: after.bytesSent - before.bytesSent,
    bytesReceived: after.bytesReceived - before.bytesReceived,
  };
  process.send?.(report);
}

/** Gives each thread its next step. */
async function open(): Promise<{ step(thread: string): Promise<Step>; count(): ConnectionCounters }> {
  if (task.store === "holdfast redis" || task.store === "set") {
    const redis = new CountingRedis(task.url);
    const step =
      task.store === "set"
        ? bareSteps((thread, n, bytes) => redis.set(`${thread}:${n}`, bytes))
        : saverSteps(new RedisSaver(redis));
    return { step, count: () => redis.count() };
  }
  const { pool, count } = countingPool(task.url);
  const step =
    task.store === "insert"
      ? bareSteps((_, __, bytes) => pool.query(FLOOR_INSERT, [bytes]))
      : saverSteps(POSTGRES_SAVERS[task.store === "holdfast postgres" ? "holdfast" : "official"].open(pool));
  return { step, count };
}

function saverSteps(saver: BaseCheckpointSaver): (thread: string) => Promise<Step> {
  const texts = textOf(process.pid, task.changeBytes);
  return async (thread) => {
    const chain = new CheckpointChain(saver, thread);
    let messages: BaseMessage[] = messagesOf(task.stateBytes);
    await chain.put({ messages });
    return () => {
      messages = [...messages, new AIMessage({ id: `new${messages.length}`, content: texts() })];
      return chain.put({ messages });
    };
  };
}

function bareSteps(write: (thread: string, n: number, bytes: Buffer) => Promise<unknown>): (thread: string) => Promise<Step> {
  const texts = textOf(process.pid, task.changeBytes);
  return async (thread) => {
    let n = 0;
    return () => {
      n += 1;
      return write(thread, n, Buffer.from(texts()));
    };
  };
}
