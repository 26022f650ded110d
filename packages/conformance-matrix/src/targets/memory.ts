import type { ConformanceTarget } from "@holdfast/checkpoint-conformance/runner";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { notUpstream } from "../by-design.js";

/** Instances share one store, as the savers of one process may. */
const store = new MemorySaver();

const target: ConformanceTarget = {
  name: "MemorySaver",
  supports: {
    ...notUpstream,
    commitOrder: { no: "it lives in one process, which has one clock" },
    processes: { no: "it lives in the memory of one process" },
    specialThreadIds: { no: "it refuses the names of JavaScript's own properties, by an error" },
  },
  open: async ({ serde } = {}) => {
    const saver = new MemorySaver(serde);
    saver.storage = store.storage;
    saver.writes = store.writes;
    return saver;
  },
  close: async () => {},
};

export default target;
