import { isHoldfastError, type PostgresSaver } from "@holdfast/checkpoint-postgres";
import { type ConnectionOptions, DelayedError, Queue, Worker } from "bullmq";
import { type ChatAgent, type ChatEvent, runTurn, type Turn } from "./chat.js";

type QueuedTurn = Pick<Turn, "user" | "conversation"> & { readonly message: { readonly id: string; readonly text: string } };

const QUEUE = "turns";

export const turnQueue = (connection: ConnectionOptions) => new Queue<QueuedTurn, ChatEvent | undefined>(QUEUE, { connection });

/** A webhook that is delivered twice adds one job: the message's id is the job's. */
export const enqueue = (queue: ReturnType<typeof turnQueue>, turn: QueuedTurn) =>
  queue.add("turn", turn, { jobId: turn.message.id, attempts: 3, backoff: { type: "exponential", delay: 1_000 } });

/** BullMQ may run a job twice, after a crash or a stall. The second run resumes the first, or repeats its answer. */
export function turnWorker(agent: ChatAgent, saver: PostgresSaver, connection: ConnectionOptions, shutdown: AbortSignal) {
  return new Worker<QueuedTurn, ChatEvent | undefined>(
    QUEUE,
    async (job, token) => {
      const { user, conversation, message } = job.data;
      let last: ChatEvent | undefined;
      try {
        const turn = { user, conversation, input: { message }, signal: new AbortController().signal, shutdown };
        for await (const event of runTurn(agent, saver, turn)) last = event;
        return last;
      } catch (error) {
        if (!isHoldfastError(error) || error.code !== "HOLDFAST_THREAD_BUSY") throw error;
        // Another message of this conversation is running: later, and it does not count as an attempt.
        await job.moveToDelayed(Date.now() + 500, token);
        throw new DelayedError();
      }
    },
    { connection, concurrency: 20 },
  );
}
