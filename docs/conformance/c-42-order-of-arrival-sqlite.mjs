// C-42: pending writes come back sorted by task id, not as they arrived.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-sqlite@1.0.4
// node c-42-order-of-arrival-sqlite.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const saver = SqliteSaver.fromConnString(":memory:");
const put = (id, extra = {}, config = {}) => {
  const checkpoint = { v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  const place = { configurable: { thread_id: "1", checkpoint_ns: "", ...config } };
  return saver.put(place, checkpoint, { source: "loop", step: 0, parents: {}, ...extra });
};

const config = await put("a");
for (const task of ["z", "a"]) await saver.putWrites(config, [["c", task]], task);
const { pendingWrites } = await saver.getTuple(config);
assert.deepEqual(
  pendingWrites.map(([task]) => task),
  ["z", "a"],
);
