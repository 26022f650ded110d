// C-10, C-20, C-22: the next turn runs where the clock is an hour behind, and is lost: the latest checkpoint is that of the highest clock.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-10-clock-behind.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const graph = new StateGraph(MessagesAnnotation)
  .addNode("agent", () => ({ messages: [{ role: "assistant", content: "noted" }] }))
  .addEdge(START, "agent")
  .compile({ checkpointer: saver });
const config = { configurable: { thread_id: "1" } };
const say = (content) => graph.invoke({ messages: [{ role: "user", content }] }, config);

await say("first");
const { now } = Date;
Date.now = () => now() - 3_600_000; // another replica, whose clock is behind
await say("second");
Date.now = now;

const { messages } = (await graph.getState(config)).values;
await saver.end();
assert.deepEqual(
  messages.filter((message) => message.getType() === "human").map(({ content }) => content),
  ["first", "second"],
);
