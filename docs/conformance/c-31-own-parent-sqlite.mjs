// C-31, C-41: with durability "exit", a checkpoint becomes its own parent, and whoever walks to the root never arrives.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-sqlite@1.0.4
// node c-31-own-parent-sqlite.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const saver = SqliteSaver.fromConnString(":memory:");
const put = (id, extra = {}, config = {}) => {
  const checkpoint = { v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
  const place = { configurable: { thread_id: "1", checkpoint_ns: "", ...config } };
  return saver.put(place, checkpoint, { source: "loop", step: 0, parents: {}, ...extra });
};

await put("a");
// As LangGraph does at the end of a run in which nothing has changed.
await put("a", {}, { checkpoint_id: "a" });
assert.equal((await saver.getTuple({ configurable: { thread_id: "1" } })).parentConfig, undefined);
