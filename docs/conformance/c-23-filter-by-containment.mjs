// C-23: a filter with an array finds a checkpoint whose array is another one.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-23-filter-by-containment.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const config = { configurable: { thread_id: "1", checkpoint_ns: "" } };
await saver.put(config, emptyCheckpoint(), { source: "loop", step: 0, parents: {}, list: [1, 2, 3] }, {});
let found = 0;
for await (const _ of saver.list(config, { filter: { list: [1, 2] } })) found += 1;
await saver.end();
assert.equal(found, 0);
