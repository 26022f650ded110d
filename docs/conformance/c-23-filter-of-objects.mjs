// C-23: a filter with an object finds nothing, even the checkpoint whose metadata is equal to it.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13
// node c-23-filter-of-objects.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { emptyCheckpoint, MemorySaver } from "@langchain/langgraph-checkpoint";

const saver = new MemorySaver();
const config = { configurable: { thread_id: "1", checkpoint_ns: "" } };
await saver.put(config, emptyCheckpoint(), { source: "loop", step: 0, parents: {}, label: { tenant: "t" } });
let found = 0;
for await (const _ of saver.list(config, { filter: { label: { tenant: "t" } } })) found += 1;
assert.equal(found, 1);
