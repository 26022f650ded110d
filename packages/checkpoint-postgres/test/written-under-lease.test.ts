import { type StoredRow, writtenUnderLeaseTests } from "@holdfast/adapter-tests";
import { retentionTarget } from "./retention-target.js";
import { queryRows } from "./rows.js";

writtenUnderLeaseTests({
  ...retentionTarget,
  async storedRows(url, threadId) {
    const of = (table: string, order: string) =>
      queryRows<StoredRow & Record<string, unknown>>(
        url,
        `select r.lease, pg_column_size(r.*) as bytes from holdfast.${table} r join holdfast.thread using (thread_key)
        where thread_id = $1 order by ${order}`,
        [threadId],
      );
    return { checkpoints: await of("checkpoint", "commit_order"), writes: await of("pending_write", "checkpoint_id, slot") };
  },
  bytesOfLease: 8,
});
