import { damagedThreadTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";
import { queryRows } from "./rows.js";

damagedThreadTests({
  ...postgresTarget,
  async dropSegments(url, thread) {
    const ofThread = "using holdfast.thread th where th.thread_key = segment.thread_key and thread_id = $1";
    await queryRows(url, `delete from holdfast.segment ${ofThread}`, [thread]);
  },
});
