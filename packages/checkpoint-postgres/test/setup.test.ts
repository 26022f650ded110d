// One file: whatever `setup()` promises, on schemas, roles and databases that it prepares first.
import { randomBytes } from "node:crypto";
import { migrationSql, PostgresSaver, type PostgresSaverOptions } from "@holdfast/checkpoint-postgres";
import { type TestDatabase, withDatabaseName } from "@holdfast/test-servers";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, inject, it } from "vitest";
import { CountedPool } from "./counted-pool.js";
import { queryRows } from "./rows.js";
import { emptyDatabase } from "./saver-database.js";

let database: TestDatabase;
const pools: CountedPool[] = [];
let schemas = 0;

beforeAll(async () => {
  database = await emptyDatabase();
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
});
afterAll(async () => database?.drop());

function newSchema(): string {
  schemas += 1;
  return `s${schemas}`;
}

function open(options: PostgresSaverOptions, url = database.url): PostgresSaver {
  const pool = new CountedPool(url, 2);
  pools.push(pool);
  return new PostgresSaver(pool, undefined, options);
}

const at = (thread: string, id?: string) => ({
  configurable: { thread_id: thread, checkpoint_ns: "", ...(id === undefined ? {} : { checkpoint_id: id }) },
});

async function put(saver: BaseCheckpointSaver, thread: string, value: unknown = 1, channel = "a"): Promise<void> {
  await saver.put(
    at(thread),
    { v: 4, id: "1", ts: "", channel_values: { [channel]: value }, channel_versions: { [channel]: 1 }, versions_seen: {} },
    { source: "loop", step: 0, parents: {} },
    { [channel]: 1 },
  );
}

const read = async (saver: BaseCheckpointSaver, thread: string): Promise<unknown> =>
  (await saver.getTuple(at(thread)))?.checkpoint.channel_values;

/** Definitions of all that is in a schema. */
const definitionsIn = (schema: string): Promise<unknown[]> =>
  queryRows(
    database.url,
    `select table_name, column_name, ordinal_position, data_type, is_nullable, collation_name, column_default
     from information_schema.columns where table_schema = $1
     union all
     select tablename, replace(indexdef, $1, ''), 0, null, null, null, null from pg_indexes where schemaname = $1
     order by 1, 3, 2`,
    [schema],
  );

const relationsIn = (schema: string): Promise<unknown[]> =>
  queryRows(
    database.url,
    "select relname from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = $1 and relkind in ('r', 'S')",
    [schema],
  );

it("C-80 setup() again changes nothing and keeps what is there", async () => {
  const schema = newSchema();
  const saver = open({ schema });
  await saver.setup();
  await put(saver, "kept");
  const before = await definitionsIn(schema);
  await saver.setup();
  await open({ schema }).setup();
  expect(await definitionsIn(schema)).toEqual(before);
  expect(await read(saver, "kept")).toEqual({ a: 1 });
});

const names = [
  'we"ird-Schéma',
  "with spaces and; drop table x; --",
  "UPPER",
  "select",
  "back\\slash' quote",
  "x".repeat(63),
  "é".repeat(31),
  "%s $1 :schema",
];

for (const schema of names) {
  it(`C-85 the schema may be called ${schema}`, async () => {
    const saver = open({ schema });
    await saver.setup();
    await saver.setup();
    await put(saver, "here");
    await saver.putWrites(at("here", "1"), [["a", 2]], "task");
    expect(await read(saver, "here")).toEqual({ a: 1 });
    expect((await saver.getDeltaChannelHistory({ config: at("here", "1"), channels: ["a"] })).a?.writes).toEqual([]);
    expect(await relationsIn(schema), "tables and sequences").not.toEqual([]);
    await saver.deleteThread("here");
    expect((await saver.list({}).next()).done).toBe(true);
  });
}

for (const schema of ["", "x".repeat(64), "é".repeat(32), "pg_x", "nul\0", "\ud800"]) {
  it(`C-85 the schema cannot be called ${JSON.stringify(schema)}`, () => {
    const refusal = expect.objectContaining({ code: "HOLDFAST_INVALID_OPTIONS" });
    expect(() => open({ schema })).toThrow(refusal);
    expect(() => migrationSql({ schema })).toThrow(refusal);
  });
}

it("C-85 two schemas of one database see nothing of each other", async () => {
  const [one, two] = [open({ schema: newSchema() }), open({ schema: newSchema() })];
  await Promise.all([one.setup(), two.setup()]);
  await put(one, "shared", "of one");
  expect(await two.getTuple(at("shared"))).toBeUndefined();
  expect((await two.list({}).next()).done).toBe(true);
  await put(two, "shared", "of two");
  await two.deleteThread("shared");
  expect(await read(one, "shared")).toEqual({ a: "of one" });
});

/** A role that may log in, and nothing else. */
async function withRole(work: (url: string, role: string) => Promise<void>): Promise<void> {
  const role = `holdfast_${randomBytes(6).toString("hex")}`;
  await queryRows(database.url, `create role ${role} login password 'secret'`);
  try {
    const url = new URL(database.url);
    [url.username, url.password] = [role, "secret"];
    await work(url.href, role);
  } finally {
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
    await queryRows(database.url, `drop owned by ${role} cascade`);
    await queryRows(database.url, `drop role ${role}`);
  }
}

it("C-80 a role that may not create schemas sets up in one that a DBA made", async () => {
  const schema = newSchema();
  await withRole(async (url, role) => {
    await expect(open({ schema }, url).setup()).rejects.toMatchObject({
      code: "HOLDFAST_STORE_FAILURE",
      cause: { code: "42501" },
    });
    await queryRows(database.url, `create schema ${schema} authorization ${role}`);
    const saver = open({ schema, createSchema: false }, url);
    await saver.setup();
    await saver.setup();
    await put(saver, "mine");
    expect(await read(saver, "mine")).toEqual({ a: 1 });
  });
});

it("C-80 setup() without the schema that it may not create says so", async () => {
  await expect(open({ schema: newSchema(), createSchema: false }).setup()).rejects.toMatchObject({
    name: expect.stringMatching(/SetupRequiredError|StoreFailureError/),
    cause: { code: "3F000" },
  });
});

it("C-80 the SQL for a DBA makes what setup() makes, and setup() takes it as it is", async () => {
  const [byHand, bySetup] = [newSchema(), newSchema()];
  const client = new pg.Client(database.url);
  await client.connect();
  await client.query(migrationSql({ schema: byHand }));
  await client.end();
  await open({ schema: bySetup }).setup();
  const made = await definitionsIn(byHand);
  expect(JSON.stringify(made)).toBe(JSON.stringify(await definitionsIn(bySetup)).replaceAll(bySetup, byHand));
  const saver = open({ schema: byHand });
  await put(saver, "before setup");
  await saver.setup();
  expect(await definitionsIn(byHand)).toEqual(made);
  expect(await read(saver, "before setup")).toEqual({ a: 1 });
});

it("C-80 a setup() that fails half way leaves nothing behind, and no lock", async () => {
  const schema = newSchema();
  await queryRows(database.url, `create schema ${schema}`);
  await queryRows(database.url, `create table ${schema}.pending_write (in_the_way int)`);
  await expect(open({ schema }).setup()).rejects.toMatchObject({ code: "HOLDFAST_STORE_FAILURE" });
  expect(await relationsIn(schema)).toEqual([{ relname: "pending_write" }]);
  await queryRows(database.url, `drop table ${schema}.pending_write`);
  await open({ schema }).setup();
  const locks = await queryRows(
    database.url,
    "select * from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
  );
  expect(locks).toEqual([]);
});

const operations: Record<string, (saver: PostgresSaver) => Promise<unknown>> = {
  put: (saver) => put(saver, "t"),
  putWrites: (saver) => saver.putWrites(at("t", "1"), [["a", 1]], "task"),
  getTuple: (saver) => saver.getTuple(at("t")),
  list: (saver) => saver.list(at("t")).next(),
  deleteThread: (saver) => saver.deleteThread("t"),
  getDeltaChannelHistory: (saver) => saver.getDeltaChannelHistory({ config: at("t", "1"), channels: ["a"] }),
};

it("C-81 without setup(), every operation asks for it, by name", async () => {
  for (const [name, run] of Object.entries(operations)) {
    await expect(run(open({ schema: "never set up" })), name).rejects.toMatchObject({
      code: "HOLDFAST_SETUP_REQUIRED",
      message: expect.stringMatching(/never set up.*saver\.setup\(\)/s),
    });
  }
});

it("C-81 tables that somebody dropped while the saver worked are the same error", async () => {
  const schema = newSchema();
  const saver = open({ schema });
  await saver.setup();
  await put(saver, "t");
  await queryRows(database.url, `drop schema ${schema} cascade`);
  for (const [name, run] of Object.entries(operations)) {
    await expect(run(saver), name).rejects.toMatchObject({ code: "HOLDFAST_SETUP_REQUIRED" });
  }
});

it("C-82 a schema of a newer version that this one cannot use is refused before any write", async () => {
  const schema = newSchema();
  await open({ schema }).setup();
  const versions = () => queryRows(database.url, `select version from ${schema}.migration order by 1`);
  const own = await versions();
  await queryRows(database.url, `insert into ${schema}.migration (version, name, min_client_version) values (99, 'future', 99)`);
  for (const [name, run] of Object.entries({ ...operations, setup: (saver: PostgresSaver) => saver.setup() })) {
    await expect(run(open({ schema })), name).rejects.toMatchObject({
      code: "HOLDFAST_SCHEMA_TOO_NEW",
      message: expect.stringContaining("99"),
    });
  }
  expect(await queryRows(database.url, `select count(*)::int as rows from ${schema}.thread`)).toEqual([{ rows: 0 }]);
  expect(await versions()).toEqual([...own, { version: 99 }]);
});

it("C-82 a schema of a newer version that this one can use is used", async () => {
  const schema = newSchema();
  await open({ schema }).setup();
  await queryRows(
    database.url,
    `insert into ${schema}.migration (version, name, min_client_version) values (99, 'an index more', 1)`,
  );
  const saver = open({ schema });
  await put(saver, "t");
  await saver.setup();
  expect(await read(open({ schema }), "t")).toEqual({ a: 1 });
});

/** What `setup()` makes, a line each; of views the columns, since each version of Postgres prints their text in its own way. */
async function frozenSchema(): Promise<string> {
  const schema = newSchema();
  await open({ schema }).setup();
  const rows = (await queryRows(
    database.url,
    `select format('%s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' else '' end,
      coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) as line
    from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0
    union all select pg_get_indexdef(indexrelid) from pg_index join pg_class c on c.oid = indexrelid where relnamespace = $1::regnamespace
    union all select format('%s %s', conname, pg_get_constraintdef(oid)) from pg_constraint where connamespace = $1::regnamespace
    union all select format('%s %s', relname, reloptions) from pg_class where relnamespace = $1::regnamespace and relkind = 'S'
    union all select format('%s(%s): %s', proname, pg_get_function_arguments(oid), prosrc) from pg_proc where pronamespace = $1::regnamespace`,
    [schema],
  )) as { readonly line: string }[];
  const lines = rows.map(({ line }) => line.replaceAll(`${schema}.`, "").replaceAll(`'${schema}'`, "'schema'"));
  return `${lines.sort().join("\n")}\n`;
}

it("C-80 the schema is the one that was released; whatever changes it is a new migration", async () => {
  await expect(await frozenSchema()).toMatchFileSnapshot("schema.snapshot.txt");
});

it("C-80 a store has an id of its own, which setup() again keeps", async () => {
  const [one, two] = [newSchema(), newSchema()];
  const ids = async () => [
    await queryRows(database.url, `select store_id from ${one}.store`),
    await queryRows(database.url, `select store_id from ${two}.store`),
  ];
  for (const schema of [one, two]) await open({ schema }).setup();
  const before = await ids();
  await open({ schema: one }).setup();
  expect(await ids()).toEqual(before);
  expect(before).toEqual([[{ store_id: expect.any(String) }], [{ store_id: expect.any(String) }]]);
  expect(before[0]).not.toEqual(before[1]);
});

/** The tables that have rows for each thread. */
const OF_THREADS = ["checkpoint", "segment", "pending_write"];

it("C-57 C-80 the keys of what belongs to a thread begin with the thread's key, so that it can be told apart and partitioned by it", async () => {
  const schema = newSchema();
  await open({ schema }).setup();
  const keys = await queryRows<{ definition: string }>(
    database.url,
    `select pg_get_indexdef(indexrelid) as definition from pg_index where indisunique and indrelid = any ($1::regclass[])`,
    [OF_THREADS.map((table) => `${schema}.${table}`)],
  );
  expect(keys).toHaveLength(4);
  for (const { definition } of keys) expect(definition).toContain("(thread_key, ");
});

it("C-82 what a later version adds to the rows costs rows without it nothing, and this version goes on beside it", async () => {
  const schema = newSchema();
  const saver = open({ schema });
  await saver.setup();
  await put(saver, "before");
  await saver.putWrites(at("before", "1"), [["a", 2]], "task");
  const tables = ["thread", ...OF_THREADS].map((table) => `${schema}.${table}`);
  const look = () =>
    Promise.all(
      tables.map((table) =>
        queryRows(
          database.url,
          `select pg_relation_filenode('${table}'), (select json_agg(pg_column_size(r.*)) from ${table} r where thread_key = 1) as bytes`,
        ),
      ),
    );
  const before = await look();
  await queryRows(database.url, `alter table ${schema}.checkpoint add column worker integer`);
  await queryRows(database.url, `alter table ${schema}.pending_write add column replaced bytea`);
  await queryRows(database.url, `alter table ${schema}.thread add column states jsonb, add column wrapped_key bytea`);
  expect(await look(), "neither written anew nor longer").toEqual(before);

  await put(saver, "after");
  await saver.putWrites(at("after", "1"), [["a", 2]], "task");
  await saver.copyThread("after", "copy");
  expect(await read(saver, "copy")).toEqual({ a: 1 });
  const bytes = (thread: string) =>
    queryRows(
      database.url,
      `select pg_column_size(c.*) as bytes from ${schema}.checkpoint c join ${schema}.thread using (thread_key) where thread_id = $1`,
      [thread],
    );
  expect(await bytes("after")).toEqual(await bytes("before"));
  await saver.deleteThread("before");
});

it("C-80 a database whose encoding is not UTF-8 is refused", async () => {
  const name = `${database.name}_latin1`;
  const server = inject("holdfastPostgresUrl");
  await queryRows(server, `create database ${name} template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'`);
  await expect(open({}, withDatabaseName(server, name)).setup()).rejects.toMatchObject({ code: "HOLDFAST_UNSUPPORTED_SERVER" });
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
  // It waits for connections that are being closed; to cut them off would be an error of their pool's.
  await queryRows(server, `drop database ${name}`);
});

it("C-23 ids, channels, tasks and filters are data, never code", async () => {
  const schema = newSchema();
  const saver = open({ schema });
  await saver.setup();
  await put(saver, "victim", "alive");
  const evil = [
    `'; drop schema ${schema} cascade; --`,
    `' or '1'='1`,
    `"; delete from ${schema}.thread; --`,
    `\\'; delete from ${schema}.checkpoint; --`,
    "$1",
    "%",
    `x') on conflict do nothing; delete from ${schema}.thread; --`,
    "a -> 'b' = 'c'",
  ];
  for (const text of evil) {
    await put(saver, text, text, text);
    await saver.putWrites(at(text, "1"), [[text, text]], text);
    expect(await read(saver, text)).toEqual({ [text]: text });
    for (const filter of [{ [text]: text }, { source: text }]) {
      expect((await saver.list(at("victim"), { filter }).next()).done, `filter ${JSON.stringify(filter)}`).toBe(true);
    }
    expect(await saver.getTuple(at("victim", text))).toBeUndefined();
    expect(
      (await saver.list(at("victim"), { before: at("victim", text) }).next()).value?.config.configurable?.thread_id ?? "victim",
    ).toBe("victim");
    await saver.getDeltaChannelHistory({ config: at(text, "1"), channels: [text] });
    await saver.deleteThread(text);
    expect(await read(saver, "victim"), `after ${text}`).toEqual({ a: "alive" });
  }
});

it("C-80 a table of the application's own by one of our names is left alone, and setup() says which", async () => {
  for (const table of ["migration", "thread"]) {
    const schema = newSchema();
    await queryRows(database.url, `create schema ${schema}; create table ${schema}.${table} (name text, ran_at timestamptz)`);
    await expect(open({ schema }).setup()).rejects.toMatchObject({
      code: "HOLDFAST_STORE_FAILURE",
      message: expect.stringMatching(new RegExp(`${schema}.*${table}.*the option schema`)),
    });
    expect(await relationsIn(schema)).toEqual([{ relname: table }]);
  }
});

it("C-80 works, and so does what comes after it, where backslashes in literals are not plain by default", async () => {
  for (const schema of [newSchema(), 'back\\slash "quoted"']) {
    const url = new URL(database.url);
    url.searchParams.set("options", "-c standard_conforming_strings=off");
    const saver = open({ schema }, url.href);
    await saver.setup();
    await put(saver, "thread", "a\\value");
    expect(await read(saver, "thread")).toEqual({ a: "a\\value" });
    await saver.putWrites(at("thread", "1"), [["a", "text ".repeat(1_000)]], "task");
    for await (const thread of saver.listThreads({ prefix: "th" })) expect(thread.threadId).toBe("thread");
    expect((await saver.listThreads().next()).done).toBe(false);
    expect((await saver.list({}, { filter: { source: "loop" } }).next()).done).toBe(false);
    await saver.copyThread("thread", "copy");
    await saver.prune(["copy"], { keepLast: 1 });
    expect((await saver.stats()).threads).toBe(2);
    await saver.deleteForRuns(["none"]);
    await saver.deleteThread("thread");
    const [row] = await queryRows(url.href, `select count(*)::int as n from ${pg.escapeIdentifier(schema)}.threads`);
    expect(row).toEqual({ n: 1 });
    await queryRows(database.url, `drop schema ${pg.escapeIdentifier(schema)} cascade`);
    await queryRows(url.href, migrationSql({ schema }));
    expect((await saver.stats()).threads).toBe(0);
  }
});
