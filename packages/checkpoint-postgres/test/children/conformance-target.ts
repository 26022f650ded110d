import type { SpawnedTarget } from "@holdfast/checkpoint-conformance/runner";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

/** This adapter in another process, on a database of the process that started it. */
export default (url: string): SpawnedTarget => ({
  name: "@holdfast/checkpoint-postgres",
  open: async () => PostgresSaver.fromConnString(url, { poolSize: 4 }),
  close: (saver) => (saver as PostgresSaver).end(),
  lifecycle: { setup: (saver) => (saver as PostgresSaver).setup() },
});
