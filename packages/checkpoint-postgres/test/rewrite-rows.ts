import type { DamagedRowsTarget } from "@holdfast/adapter-tests";
import { queryRows } from "./rows.js";

type Kind = Parameters<DamagedRowsTarget["rewrite"]>[2];

const WHERE: Readonly<
  Record<Kind, { readonly table: string; readonly key: string; readonly column: string; readonly order: string }>
> = {
  records: { table: "checkpoint", key: "checkpoint_id", column: "record", order: "commit_order" },
  payloads: { table: "pending_write", key: "checkpoint_id", column: "payload", order: "arrival" },
  metadata: { table: "checkpoint", key: "checkpoint_id", column: "metadata", order: "commit_order" },
  segments: { table: "segment", key: "segment_id", column: "body", order: "segment_id" },
};

/** Rewrites bytes of one kind of a thread, each to what stands in its place in the answer. */
export const rewriteRows: DamagedRowsTarget["rewrite"] = async (url, thread, kind, change) => {
  const { table, key, column, order } = WHERE[kind];
  const isMetadata = kind === "metadata";
  const rows = await queryRows<{ key: unknown; bytes: Buffer }>(
    url,
    `select ${key} as key, ${isMetadata ? "''::bytea" : column} as bytes from holdfast.${table} join holdfast.thread using (thread_key)
     where thread_id = $1 order by ${order}`,
    [thread],
  );
  const changed = change(rows.map(({ bytes }) => bytes));
  for (const [n, row] of rows.entries()) {
    const value = isMetadata ? String(changed[n]) : changed[n];
    await queryRows(
      url,
      `update holdfast.${table} t set ${column} = $3 from holdfast.thread th
       where th.thread_key = t.thread_key and th.thread_id = $1 and t.${key} = $2`,
      [thread, row.key, value],
    );
  }
};
