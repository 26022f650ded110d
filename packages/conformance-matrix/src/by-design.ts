import type { Supports } from "@holdfast/checkpoint-conformance/runner";

/** What LangGraph.js' own savers do not set out to do: the cases about it say nothing about them. */
export const notUpstream: Supports = {
  numericThreadIds: { no: "thread ids are strings upstream" },
  incrementalChannels: { no: "LangGraph gives all values of a checkpoint; which of them are stored is each saver's own affair" },
  taskPath: { no: "checkpoint 1.1 has no task path" },
  tombstones: { no: "there is no such promise upstream" },
  leases: { no: "there are no leases upstream" },
  retries: { no: "to repeat a call whose connection was cut is left to the caller upstream" },
  rejectedConflicts: { no: "there is no such option upstream" },
};
