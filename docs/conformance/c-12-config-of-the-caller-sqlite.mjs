// C-12: the config of a tuple holds what the caller's config held, an API key too.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-sqlite@1.0.4
// node c-12-config-of-the-caller-sqlite.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const saver = SqliteSaver.fromConnString(":memory:");
const put = (id, extra = {}, config = {}) => {
  const checkpoint = { v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  const place = { configurable: { thread_id: "1", checkpoint_ns: "", ...config } };
  return saver.put(place, checkpoint, { source: "loop", step: 0, parents: {}, ...extra });
};

await put("a");
const place = { thread_id: "1", checkpoint_ns: "", checkpoint_id: "a" };
const { config } = await saver.getTuple({ configurable: { ...place, api_key: "secret" } });
assert.deepEqual(config, { configurable: place });
