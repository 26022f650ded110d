// C-12: the config of a tuple holds what the caller's config held, an API key too.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13
// node c-12-config-of-the-caller.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { emptyCheckpoint, MemorySaver } from "@langchain/langgraph-checkpoint";

const saver = new MemorySaver();
const checkpoint = emptyCheckpoint();
await saver.put({ configurable: { thread_id: "1", checkpoint_ns: "" } }, checkpoint, { source: "loop", step: 0, parents: {} });
const place = { thread_id: "1", checkpoint_ns: "", checkpoint_id: checkpoint.id };
const tuple = await saver.getTuple({ configurable: { ...place, api_key: "secret" } });
assert.deepEqual(tuple.config, { configurable: place });
