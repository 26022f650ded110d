// C-31, C-33, C-35, C-41: in a batch with an ordinary write, a second __resume__ does not replace the first. (The random programs fail by this, for all their rules.)
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-sqlite@1.0.4
// node c-41-mixed-batch-sqlite.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const saver = SqliteSaver.fromConnString(":memory:");
const put = (id, extra = {}, config = {}) => {
  const checkpoint = { v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  const place = { configurable: { thread_id: "1", checkpoint_ns: "", ...config } };
  return saver.put(place, checkpoint, { source: "loop", step: 0, parents: {}, ...extra });
};

const config = await put("a");
for (const n of [1, 2]) {
  const batch = [
    ["__resume__", n],
    ["c", n],
  ];
  await saver.putWrites(config, batch, "task");
}
const { pendingWrites } = await saver.getTuple(config);
assert.deepEqual(Object.fromEntries(pendingWrites.map(([, channel, value]) => [channel, value])), { __resume__: 2, c: 1 });
