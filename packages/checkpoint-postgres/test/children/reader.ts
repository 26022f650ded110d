import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import pg from "pg";

// Begins the operation that a message names, and tells when it is answered. Its arguments: whose the pool is, "own" or "given", and the store.
const [whose, url = ""] = process.argv.slice(2);
const saver =
  whose === "own"
    ? PostgresSaver.fromConnString(url, { poolSize: 2 })
    : new PostgresSaver(new pg.Pool({ connectionString: url, max: 2 }));

const operations: Readonly<Record<string, () => Promise<unknown>>> = {
  setup: () => saver.setup(),
  getTuple: () => saver.getTuple({ configurable: { thread_id: "read" } }),
  prune: () => saver.prune(["read"]),
};

process.on("message", (name) => {
  void operations[name as string]?.().then(
    () => process.send?.("answered"),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.send?.("ready");
