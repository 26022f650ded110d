// C-10, C-20, C-22: the checkpoint of a writer whose clock is an hour behind is not the latest, though it was put last.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-sqlite@1.0.4
// node c-10-clock-behind-sqlite.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { uuid6 } from "@langchain/langgraph-checkpoint";
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

await put(uuid6(0));
const { now } = Date;
Date.now = () => now() - 3_600_000;
const last = uuid6(1);
Date.now = now;
await put(last);
assert.equal((await saver.getTuple({ configurable: { thread_id: "1" } })).checkpoint.id, last);
assert.equal((await list())[0], last);
