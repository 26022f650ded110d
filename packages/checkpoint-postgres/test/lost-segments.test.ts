import { lostSegmentTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";
import { queryRows } from "./rows.js";

lostSegmentTests({
  ...postgresTarget,
  async takeBack(url, thread) {
    for (const table of ["checkpoint", "segment", "pending_write"]) {
      await queryRows(
        url,
        `delete from holdfast.${table} using holdfast.thread th where th.thread_key = ${table}.thread_key and thread_id = $1`,
        [thread],
      );
    }
  },
});
