// C-64: metadata with a NUL in a text is refused by the database.
// npm install @langchain/langgraph@1.4.17 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-postgres@1.0.5
// DATABASE_URL=postgres://localhost:5432/empty node c-64-metadata-with-nul.mjs   (a database of its own; it fails: that is what it shows)
import assert from "node:assert/strict";
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.DATABASE_URL);
await saver.setup();
const config = { configurable: { thread_id: "1", checkpoint_ns: "" } };
try {
  const metadata = { source: "loop", step: 0, parents: {}, label: "a\0b" };
  await assert.doesNotReject(saver.put(config, emptyCheckpoint(), metadata, {}));
} finally {
  await saver.end();
}
