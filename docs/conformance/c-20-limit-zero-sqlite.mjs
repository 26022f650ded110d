// C-20: a limit of 0 yields everything.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-sqlite@1.0.4
// node c-20-limit-zero-sqlite.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const saver = SqliteSaver.fromConnString(":memory:");
const put = (id, extra = {}, config = {}) => {
  const checkpoint = { v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  const place = { configurable: { thread_id: "1", checkpoint_ns: "", ...config } };
  return saver.put(place, checkpoint, { source: "loop", step: 0, parents: {}, ...extra });
};
const list = async (config, options) => {
  const ids = [];
  for await (const tuple of saver.list({ configurable: { thread_id: "1", ...config } }, options)) ids.push(tuple.checkpoint.id);
  return ids;
};

await put("a");
assert.deepEqual(await list({}, { limit: 0 }), []);
