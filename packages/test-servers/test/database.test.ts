import { Client } from "pg";
import { afterEach, expect, inject, test } from "vitest";
import {
  createDatabase,
  ensureTemplate,
  eventually,
  type TestDatabase,
  terminateBackends,
  withDatabaseName,
} from "../src/index.js";

const serverUrl = inject("holdfastPostgresUrl");

const created: TestDatabase[] = [];
const clients: Client[] = [];

async function create(template?: string): Promise<TestDatabase> {
  const database = await createDatabase(serverUrl, template === undefined ? {} : { template });
  created.push(database);
  return database;
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  clients.push(client);
  return client;
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
  await Promise.all(created.splice(0).map((database) => database.drop()));
});

test("withDatabaseName changes the name only", () => {
  expect(withDatabaseName("postgres://u:p%40@h:5/a?sslmode=disable", "b c")).toBe("postgres://u:p%40@h:5/b%20c?sslmode=disable");
});

test("databases are empty and apart from each other", async () => {
  const [one, two] = await Promise.all([create(), create()]);
  await (await connect(one.url)).query("CREATE TABLE here ()");
  await expect((await connect(two.url)).query("SELECT FROM here")).rejects.toThrow('relation "here" does not exist');
});

test("a database is dropped under its users", async () => {
  const database = await create();
  const user = await connect(database.url);
  const ended = new Promise((resolve) => user.once("end", resolve));
  await database.drop();
  await ended;
  await expect(connect(database.url)).rejects.toThrow(`database "${database.name}" does not exist`);
});

test("a database is dropped after those who are about to go, without cutting them off", async () => {
  const database = await create();
  const [user, watcher] = await Promise.all([connect(database.url), connect(serverUrl)]);
  const errors: Error[] = [];
  user.on("error", (error) => errors.push(error));
  const dropping = database.drop();
  await eventually("it waits", async () => {
    const drops = "SELECT FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid() AND state = 'active'";
    return (await watcher.query(drops, [`DROP DATABASE%${database.name}%`])).rowCount === 1;
  });
  await user.query("SELECT");
  await user.end();
  await dropping;
  expect(errors).toEqual([]);
});

test("a template is prepared once by many at a time, and databases are copies of it", async () => {
  const template = `test_servers_${process.pid}_${Date.now()}`;
  let preparations = 0;
  const prepare = async (url: string): Promise<void> => {
    preparations++;
    const client = await connect(url);
    await client.query("CREATE TABLE prepared AS SELECT 42 AS answer");
    // Left open on purpose: PostgreSQL refuses to copy a database that somebody uses.
  };
  await Promise.all(Array.from({ length: 8 }, () => ensureTemplate(serverUrl, template, prepare)));
  expect(preparations).toBe(1);
  const copies = await Promise.all([create(template), create(template), create(template)]);
  for (const { url } of copies) {
    expect((await (await connect(url)).query("SELECT answer FROM prepared")).rows).toEqual([{ answer: 42 }]);
  }
});

test("a template whose preparation failed is prepared again from the beginning", async () => {
  const template = `test_servers_broken_${process.pid}_${Date.now()}`;
  const failing = ensureTemplate(serverUrl, template, async (url) => {
    await (await connect(url)).query("CREATE TABLE half ()");
    throw new Error("no migration today");
  });
  await expect(failing).rejects.toThrow("no migration today");
  await ensureTemplate(serverUrl, template, async (url) => {
    await (await connect(url)).query("CREATE TABLE half ()");
  });
  await (await connect((await create(template)).url)).query("SELECT FROM half");
});

test("terminateBackends ends the connections to one database and says how many", async () => {
  const [target, bystander] = await Promise.all([create(), create()]);
  const victims = await Promise.all([connect(target.url), connect(target.url)]);
  const other = await connect(bystander.url);
  const busy = victims[0]?.query("SELECT pg_sleep(600)").catch((error: Error) => error);

  expect(await terminateBackends(serverUrl, { database: target.name })).toBe(2);

  expect(await busy).toMatchObject({ code: "57P01" });
  await expect(victims[1]?.query("SELECT 1")).rejects.toThrow();
  expect((await other.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  expect(await terminateBackends(serverUrl, { database: target.name })).toBe(0);
});
