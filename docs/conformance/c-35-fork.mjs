// C-34, C-35, C-44: a fork from an old checkpoint reads values of the branch that it has left.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-35-fork.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { Annotation, START, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const State = Annotation.Root({ question: Annotation(), answer: Annotation() });
const graph = new StateGraph(State)
  .addNode("agent", ({ question }) => ({ answer: [`answer to ${question}`] }))
  .addEdge(START, "agent")
  .compile({ checkpointer: saver });
const config = { configurable: { thread_id: "1" } };

await graph.invoke({ question: "one" }, config);
const afterOne = (await graph.getState(config)).config;
await graph.invoke({ question: "two" }, config);
// "Edit and regenerate": the second question is asked anew, differently.
await graph.invoke({ question: "edited" }, afterOne);

const { values } = await graph.getState(config);
await saver.end();
assert.deepEqual(values, { question: "edited", answer: ["answer to edited"] });
