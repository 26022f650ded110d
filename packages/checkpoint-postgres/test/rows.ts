import pg from "pg";

/** Runs one statement on a connection of its own. What tests ask is asked once: Postgres took 1.3 s to compile what it then ran in 20 ms. */
export async function queryRows<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, options: "-c jit=off" });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** What lies underneath: the rows of a thread by table, and rows that belong to no thread. */
export async function rowsOf(url: string, threadId: string, schema = "holdfast"): Promise<Record<string, number>> {
  const s = pg.escapeIdentifier(schema);
  const tables = ["checkpoint", "segment", "pending_write"];
  const counts = tables.flatMap((table) => [
    `(select count(*)::int from ${s}.${table} join ${s}.thread using (thread_key) where thread_id = $1) as ${table}`,
    `(select count(*)::int from ${s}.${table} where thread_key not in (select thread_key from ${s}.thread)) as orphan_${table}`,
  ]);
  const [row] = await queryRows<Record<string, number>>(
    url,
    `select (select count(*)::int from ${s}.thread where thread_id = $1) as thread, ${counts.join(", ")}`,
    [threadId],
  );
  return row ?? {};
}
