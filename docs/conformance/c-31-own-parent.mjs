// C-31, C-41: with durability "exit", a checkpoint becomes its own parent, and whoever walks to the root never arrives.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13
// node c-31-own-parent.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { MemorySaver, uuid6 } from "@langchain/langgraph-checkpoint";

const saver = new MemorySaver();
const id = uuid6(0);
const checkpoint = { v: 4, id, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
const config = await saver.put({ configurable: { thread_id: "1", checkpoint_ns: "" } }, checkpoint, {
  source: "loop",
  step: 0,
  parents: {},
});
// As LangGraph does at the end of a run in which nothing has changed.
await saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} });
assert.equal((await saver.getTuple(config)).parentConfig, undefined);
