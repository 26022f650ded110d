/** Reads a thread by the official saver: for what may end the process. */
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const [url = "", thread = ""] = process.argv.slice(2);
const saver = PostgresSaver.fromConnString(url);
await saver.getTuple({ configurable: { thread_id: thread, checkpoint_ns: "" } });
await saver.end();
process.disconnect?.();
