import pg from "pg";

/** What autovacuum does within a minute of a table's first rows: until then the planner knows nothing of them, and takes another index. */
export async function analyze(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("analyze");
  await client.end();
}

/**
 * Bytes of the pages of all tables of a schema, their TOAST tables and their indexes (not Postgres' maps of free space and visibility, which have the
 * same few pages whatever a small table holds), after VACUUM, which gives back pages that Postgres took in advance.
 */
export async function schemaBytes(client: pg.Client, schema: string): Promise<number> {
  await client.query("vacuum");
  const { rows } = await client.query<{ bytes: string }>(
    `with tables as (select c.oid, c.reltoastrelid from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname = $1),
heaps as (select oid from tables union all select reltoastrelid from tables where reltoastrelid <> 0)
select coalesce(sum(pg_relation_size(oid, 'main') + pg_indexes_size(oid)), 0) as bytes from heaps`,
    [schema],
  );
  return Number(rows[0]?.bytes);
}
