// C-64: a property of metadata that is undefined comes back, and is no JSON.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13
// node c-64-metadata-memory.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { emptyCheckpoint, MemorySaver } from "@langchain/langgraph-checkpoint";

const saver = new MemorySaver();
const config = { configurable: { thread_id: "1", checkpoint_ns: "" } };
await saver.put(config, emptyCheckpoint(), { source: "loop", step: 0, parents: {}, label: undefined });
const { metadata } = await saver.getTuple(config);
assert.deepEqual(Object.keys(metadata).sort(), ["parents", "source", "step"]);
