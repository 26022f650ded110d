// C-64: a property of metadata that is undefined comes back, and is no JSON.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-sqlite@1.0.4
// node c-64-metadata-with-undefined-sqlite.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const saver = SqliteSaver.fromConnString(":memory:");
const put = (id, extra = {}, config = {}) => {
  const checkpoint = { v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  const place = { configurable: { thread_id: "1", checkpoint_ns: "", ...config } };
  return saver.put(place, checkpoint, { source: "loop", step: 0, parents: {}, ...extra });
};

await put("a", { label: undefined });
const { metadata } = await saver.getTuple({ configurable: { thread_id: "1" } });
assert.deepEqual(Object.keys(metadata).sort(), ["parents", "source", "step"]);
