import { StoreMoment } from "@holdfast/checkpoint-core/adapter";
import { text } from "../columns.js";
import type { Connections } from "../pool.js";
import type { Tables } from "../tables.js";

/** The newest format of a thread, its rows and their contents, that this code reads and writes. */
const THREAD_FORMAT = 1;

/**
 * A condition on rows of the table `thread`: without a tenant, and in a format that this code knows. On a higher format the statement fails with a
 * `SchemaTooNewError`.
 *
 * @param row the table's alias with a dot, if column names alone are ambiguous.
 */
export function isKnown(t: Tables, row = ""): string {
  return `${row}tenant = 0 and (${row}format <= ${THREAD_FORMAT} or ${t.refuseFormat}(${row}format))`;
}

/** The key of a thread, and when it was read. */
export interface TimedThreadKey {
  readonly threadKey: string;
  readonly seen: StoreMoment;
}

/** `undefined` if there is no such thread. An incomplete thread also has a key, because it can be deleted. */
export async function timedThreadKey(db: Connections, t: Tables, threadId: string): Promise<TimedThreadKey | undefined> {
  const [row] = await db.run("threadKey", {
    text: `select thread_key, extract(epoch from clock_timestamp()) * 1000 from ${t.thread} where thread_id = $1 and ${isKnown(t)}`,
    values: [threadId],
  });
  return row === undefined ? undefined : { threadKey: text(row, 0), seen: new StoreMoment(Number(text(row, 1))) };
}

export async function threadKey(db: Connections, t: Tables, threadId: string): Promise<string | undefined> {
  const [row] = await db.run("threadKey", {
    text: `select thread_key from ${t.thread} where thread_id = $1 and ${isKnown(t)} and migration_token is null`,
    values: [threadId],
  });
  return row === undefined ? undefined : text(row, 0);
}
