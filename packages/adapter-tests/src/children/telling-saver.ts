import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { writtenValues } from "../written-values.js";
import type { AcknowledgedPut, AcknowledgedWrites } from "./graph-worker-messages.js";

/** Makes a saver tell of all that its store has acknowledged. */
export function tellAcknowledged(
  saver: BaseCheckpointSaver,
  tell: (progress: AcknowledgedPut | AcknowledgedWrites) => void,
): void {
  const [put, putWrites] = [saver.put.bind(saver), saver.putWrites.bind(saver)];
  saver.put = async (...args) => {
    const [config, checkpoint] = args;
    const values = writtenValues(checkpoint);
    const stored = await put(...args);
    tell({ kind: "put", ns: String(config.configurable?.checkpoint_ns ?? ""), id: checkpoint.id, values });
    return stored;
  };
  // All arguments: the task path of checkpoint 1.2, too.
  saver.putWrites = async (...args) => {
    const [config, writes, taskId] = args;
    const { checkpoint_ns: ns = "", checkpoint_id: id } = config.configurable ?? {};
    await putWrites(...args);
    tell({ kind: "writes", ns: String(ns), id: String(id), taskId, channels: writes.map(([channel]) => channel) });
  };
}
