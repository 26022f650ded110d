import type { WritesOwner } from "./pending-writes.js";
import type { RecordOwner } from "./record.js";

/** What records and writes belong to where a test does not ask. */
export const OWNER: RecordOwner & WritesOwner = {
  namespace: "",
  checkpointId: "c1",
  parentId: undefined,
  metadata: '{"source":"loop","step":1,"parents":{}}',
  taskId: "task",
  place: { taskPath: "" },
};
