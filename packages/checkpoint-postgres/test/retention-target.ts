import type { RetentionTarget } from "@holdfast/adapter-tests";
import { openPooled, poolOf } from "./pooled-savers.js";
import { postgresTarget } from "./postgres-target.js";
import { queryRows } from "./rows.js";
import { underneath } from "./underneath.js";

export const retentionTarget: RetentionTarget = {
  ...postgresTarget,
  open: openPooled,
  inspect: underneath,
  endSweepClaim: (url) => queryRows(url, "update holdfast.sweeper set claimed_until = claimed_until - interval '1 minute'"),
  age: (url, threadId, milliseconds) =>
    queryRows(url, "update holdfast.thread set updated_at = updated_at - $2 * interval '1 millisecond' where thread_id = $1", [
      threadId,
      milliseconds,
    ]),
  roundTrips: (saver) => poolOf(saver).statements,
  beforeEachRequest(saver, work) {
    poolOf(saver).before = work;
  },
};
