import type { StoredField, UnderlyingRows } from "@holdfast/adapter-tests";
import pg from "pg";

/** Tables with what a field is called after, and the columns that tell their rows. The thread comes first: the others refer to it. */
const TABLES = [
  { table: "thread", name: "thread", key: ["thread_key"] },
  { table: "checkpoint", name: "checkpoint", key: ["thread_key", "checkpoint_ns", "checkpoint_id"] },
  { table: "segment", name: "segment", key: ["thread_key", "segment_id"] },
  { table: "pending_write", name: "write", key: ["thread_key", "checkpoint_ns", "checkpoint_id", "task_id", "slot"] },
] as const;

/** What no sum covers. Of the rest, a change is found where it is read. */
export const PLACES: ReadonlySet<string> = new Set([
  ...["commit_order", "is_hidden", "checkpoint_ns", "checkpoint_id"].map((column) => `checkpoint.${column}`),
  ...["arrival", "checkpoint_ns", "checkpoint_id", "task_id", "task_path", "call"].map((column) => `write.${column}`),
  ...["thread_id", "format", "migration_token", "tenant"].map((column) => `thread.${column}`),
]);

/** A row whose key is changed would be another thread's, as a copy is. */
const LEFT_ALONE = new Set(["thread_key"]);

interface Column {
  readonly table: (typeof TABLES)[number];
  readonly column: string;
  readonly type: string;
}

interface Field extends StoredField, Column {
  /** Of the row, in the copy of the table. */
  readonly ctid: string;
}

/** Looks at the rows of a database through a copy of its tables, from which they are put back. */
export async function underlyingRows(url: string): Promise<UnderlyingRows> {
  const client = new pg.Client({ connectionString: url, options: "-c jit=off" });
  await client.connect();
  await client.query(
    ["create schema intact", ...TABLES.map(({ table }) => `create table intact.${table} as table holdfast.${table}`)].join("; "),
  );
  const back = TABLES.map(({ table }) => `insert into holdfast.${table} overriding system value select * from intact.${table}`);
  const restoring = [
    "delete from holdfast.thread",
    "delete from holdfast.tombstone",
    "delete from holdfast.sweeper",
    ...back,
  ].join("; ");
  return {
    fields: await fieldsOf(client),
    async change(changes, added) {
      await client.query("begin");
      try {
        for (const { field, bytes } of changes) await update(client, field as Field, bytes);
        for (const { id, links, body } of added?.segments ?? []) {
          await client.query(
            `insert into holdfast.segment (thread_key, segment_id, links, body)
             select thread_key, $2, $3, $4 from intact.thread where thread_id = $1 on conflict do nothing`,
            [added?.thread, id, links.length === 0 ? null : Buffer.from(links.join(""), "hex"), body],
          );
        }
        await client.query("commit");
        return true;
      } catch {
        await client.query("rollback");
        return false;
      }
    },
    restore: async () => void (await client.query(restoring)),
    close: () => client.end(),
  };
}

async function fieldsOf(client: pg.Client): Promise<Field[]> {
  const fields: Field[] = [];
  for (const table of TABLES) {
    const { rows: columns } = await client.query<{ column: string; type: string }>(
      `select attname as column, format_type(atttypid, atttypmod) as type from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
      [`holdfast.${table.table}`],
    );
    const texts = columns.map(({ column, type }) =>
      type === "bytea" ? `'hex' || encode(r.${column}, 'hex')` : `r.${column}::text`,
    );
    const names = table.name === "thread" ? "''" : table.name === "segment" ? "r.segment_id::text" : owner("r");
    const more = table.name === "write" ? `|| chr(1) || ${idText("r.task_id")}` : "";
    const { rows } = await client.query<{ ctid: string; thread: string; owner: string; values: (string | null)[] }>(
      `select r.ctid::text, t.thread_id as thread, ${names}${more} as owner, array[${texts.join(", ")}] as values
       from intact.${table.table} r join intact.thread t using (thread_key) order by r.ctid`,
    );
    for (const { ctid, thread, owner: of, values } of rows) {
      for (const [n, { column, type }] of columns.entries()) {
        const value = values[n] ?? "";
        const bytes = value.startsWith("hex") && type === "bytea" ? Buffer.from(value.slice(3), "hex") : Buffer.from(value);
        if (LEFT_ALONE.has(column)) continue;
        fields.push({
          kind: `${table.name}.${column}`,
          thread,
          owner: of.replaceAll("\u0001", "\0"),
          bytes,
          table,
          column,
          type,
          ctid,
        });
      }
    }
  }
  return fields;
}

function owner(row: string): string {
  return `${row}.checkpoint_ns || chr(1) || ${idText(`${row}.checkpoint_id`)}`;
}

/** All ids of these tests are UUIDs. */
function idText(column: string): string {
  return `encode(${column}, 'hex')::uuid::text`;
}

/** Empty bytes are NULL where a column may be. */
async function update(client: pg.Client, { table, column, type, ctid }: Field, bytes: Buffer): Promise<void> {
  const isSame = table.key.map((key) => `r.${key} = i.${key}`).join(" and ");
  const parameter = type === "bytea" ? "$2::bytea" : `convert_from($2::bytea, 'UTF8')::${type}`;
  const value = bytes.length === 0 ? "null" : parameter;
  const { rowCount } = await client.query(
    `update holdfast.${table.table} r set ${column} = ${value} from intact.${table.table} i where i.ctid = $1::tid and ${isSame} ${bytes.length === 0 ? "" : "and $2::bytea is not null"}`,
    bytes.length === 0 ? [ctid] : [ctid, bytes],
  );
  if (rowCount !== 1) throw new Error("The row is not there.");
}
