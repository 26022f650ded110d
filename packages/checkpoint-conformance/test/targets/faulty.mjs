import { MemorySaver } from "@langchain/langgraph-checkpoint";

/** In the case about this rule, by the suffix of the thread id, a saver does what no saver should. */
class FaultySaver extends MemorySaver {
  async put(config, checkpoint, ...rest) {
    const values = checkpoint.channel_values;
    // "C-10 … the latest checkpoint of the namespace is read" puts steps 0 to 3.
    if (values.step === 3) return new Promise(() => {});
    // "C-12 a parent that was never put is named all the same"
    if (config.configurable.checkpoint_id === "elsewhere") for (;;);
    // "C-14 before format 4, …"
    if (checkpoint.v === 3) process.exit(7);
    // "C-11 a checkpoint id reads that checkpoint, …" reads five steps
    if (values.step === 1) void Promise.reject(new Error("nobody looks at me"));
    return super.put(config, checkpoint, ...rest);
  }
}

export default { name: "faulty", open: async () => new FaultySaver(), close: async () => {} };
