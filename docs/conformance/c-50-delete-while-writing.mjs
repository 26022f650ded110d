// C-50: a put fails with a TypeError when its thread is deleted meanwhile.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13
// node c-50-delete-while-writing.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { emptyCheckpoint, MemorySaver } from "@langchain/langgraph-checkpoint";

const saver = new MemorySaver();
const config = { configurable: { thread_id: "1", checkpoint_ns: "" } };
const putting = saver.put(config, emptyCheckpoint(), { source: "loop", step: 0, parents: {} });
await saver.deleteThread("1");
await assert.doesNotReject(putting);
