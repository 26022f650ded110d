// C-02: deleteThread without a thread_id says nothing.
// npm install @langchain/langgraph-checkpoint@1.1.5 @langchain/core@1.2.13 @langchain/langgraph-checkpoint-sqlite@1.0.4
// node c-02-delete-without-thread-id-sqlite.mjs   (it fails: that is what it shows)
import assert from "node:assert/strict";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const saver = SqliteSaver.fromConnString(":memory:");
await saver.getTuple({ configurable: { thread_id: "1" } }); // makes the tables
await assert.rejects(() => saver.deleteThread(undefined), "an error that says what is missing");
