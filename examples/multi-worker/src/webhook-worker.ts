import { setTimeout as pause } from "node:timers/promises";
import { exclusive } from "@holdfast/checkpoint-core";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { isStoreName, stores } from "./store.js";

/** A message, as a messenger's webhook brings it: at least once. */
export interface WebhookMessage {
  readonly thread: string;
  /** Given by the sender, and the same in each delivery. */
  readonly id: string;
  readonly text: string;
}

export interface Delivery extends WebhookMessage {
  readonly number: number;
}

/** What a worker tells. Whoever hears nothing, or of a failure, delivers again. */
export type WebhookReport =
  | { readonly kind: "ready" }
  | { readonly kind: "answered"; readonly number: number; readonly answer: string }
  | { readonly kind: "failed"; readonly number: number };

/** Shorter than with the default, so that it does not take long until others finish what a crash has left. */
const LEASE_MS = 1_500;
const DRAIN_MS = 200;

/** Thinks, and answers: two steps, so that a worker can die between them. */
function botGraph(checkpointer: BaseCheckpointSaver, latencyMs: number) {
  const last = ({ messages }: typeof MessagesAnnotation.State): string => messages.at(-1)?.text ?? "";
  return new StateGraph(MessagesAnnotation)
    .addNode("think", async () => {
      await pause(latencyMs);
      return {};
    })
    .addNode("answer", (state) => ({ messages: [{ role: "assistant", content: `Answer to ${last(state)}` }] }))
    .addEdge(START, "think")
    .addEdge("think", "answer")
    .addEdge("answer", END)
    .compile({ checkpointer });
}

process.once("disconnect", () => process.exit(0));
const { STORE = "postgres", DATABASE_URL: url = "", STORE_SPACE: space = "", LATENCY_MS = "25" } = process.env;
if (!isStoreName(STORE)) throw new Error(`STORE=${STORE} is unknown.`);
const { saver } = await stores[STORE].open({ url, space });
const bot = exclusive(botGraph(saver, Number(LATENCY_MS)), { ttlMs: LEASE_MS, idempotencyKey: "message_id" });

// A rolling deploy: runs have a moment to end, and are handed over then.
process.once("SIGTERM", () => void saver.end({ drainMs: DRAIN_MS }).finally(() => process.exit(0)));
process.on("message", ({ number, thread, id, text }: Delivery) => {
  // No step begins before the one before it is stored: so none runs twice.
  const config = { configurable: { thread_id: thread, message_id: id }, durability: "sync" as const };
  bot.invoke({ messages: [{ role: "user", content: text }] }, config).then(
    ({ messages }) => tell({ kind: "answered", number, answer: messages.at(-1)?.text ?? "" }),
    () => tell({ kind: "failed", number }),
  );
});
tell({ kind: "ready" });

function tell(report: WebhookReport): void {
  if (process.connected) process.send?.(report, undefined, undefined, () => {});
}
