// C-20: a list over several namespaces is not in the order of time.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13
// node c-20-namespaces-one-by-one.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { MemorySaver, uuid6 } from "@langchain/langgraph-checkpoint";

const saver = new MemorySaver();
const ids = [];
for (const [step, ns] of ["", "sub:1", ""].entries()) {
  const checkpoint = { v: 4, id: uuid6(step), ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  await saver.put({ configurable: { thread_id: "1", checkpoint_ns: ns } }, checkpoint, { source: "loop", step, parents: {} });
  ids.unshift(checkpoint.id);
}
const listed = [];
for await (const tuple of saver.list({ configurable: { thread_id: "1" } })) listed.push(tuple.checkpoint.id);
assert.deepEqual(listed, ids);
