import { once } from "node:events";
import { type HoldfastSaver, isHoldfastError } from "@holdfast/checkpoint-core";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { FIXED_HEAD, fixedConversation } from "../migration/fixed-conversation.js";
import { watched } from "../migration/watched-saver.js";
import { givenStoreUrl } from "./store-url.js";

/** The thread that the process migrates, and how long its lease outlives it, in milliseconds. */
export const HALF = "half";
const LEASE_MS = 1_500;

/** What the process tells: that a part of the thread is copied, and, told to go on, what became of its write. */
export type MigratorMessage = { readonly kind: "in the middle" } | { readonly kind: "ended"; readonly code: string };

/** A process whose first write migrates the fixed conversation, under a lease of its own. In the middle of the copy it waits for a message. */
export function runMigrator(open: (url: string, fallback: BaseCheckpointSaver) => HoldfastSaver): void {
  const tell = (message: MigratorMessage): void => void process.send?.(message);
  let reads = 0;
  const run = async (): Promise<void> => {
    const old = watched(await fixedConversation(HALF), async (method, [config]) => {
      const { checkpoint_id } = (config as { configurable?: { checkpoint_id?: string } }).configurable ?? {};
      if (method !== "getTuple" || checkpoint_id === undefined) return;
      reads += 1;
      if (reads !== 4) return;
      tell({ kind: "in the middle" });
      await once(process, "message");
    });
    const saver = open(givenStoreUrl(), old);
    const { config } = await saver.acquireThread(HALF, { ttlMs: LEASE_MS });
    const configurable = { ...config.configurable, checkpoint_ns: "", checkpoint_id: FIXED_HEAD };
    const code = await saver.putWrites({ configurable }, [["log", "late"]], "late task").then(
      () => "stored",
      (error: unknown) => (isHoldfastError(error) ? error.code : String(error)),
    );
    tell({ kind: "ended", code });
  };
  void run();
}
