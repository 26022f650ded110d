// C-35: two runs at once on one thread end as one state made of both.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-35-concurrent-runs.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { Annotation, START, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
let reads = 0;
let meet;
const both = new Promise((resolve) => {
  meet = resolve;
});
const getTuple = saver.getTuple.bind(saver);
saver.getTuple = async (config) => {
  const tuple = await getTuple(config);
  reads += 1;
  if (reads === 2) meet();
  await both; // both runs have begun: each has read the thread before the other writes
  return tuple;
};
const State = Annotation.Root({ question: Annotation(), answer: Annotation() });
const graph = new StateGraph(State)
  .addNode("agent", ({ question }) => ({ answer: [`answer to ${question}`] }))
  .addEdge(START, "agent")
  .compile({ checkpointer: saver });
const config = { configurable: { thread_id: "1" } };

await Promise.all([graph.invoke({ question: ["x"] }, config), graph.invoke({ question: ["y"] }, config)]);
const states = new Set();
for await (const { values } of graph.getStateHistory(config)) {
  if (values.answer) states.add(`question ${values.question}, ${values.answer}`);
}
await saver.end();
assert.deepEqual([...states].sort(), ["question x, answer to x", "question y, answer to y"]);
