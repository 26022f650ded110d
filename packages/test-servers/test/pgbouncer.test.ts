import { Client } from "pg";
import { expect, inject, test } from "vitest";
import { createDatabase, startPgBouncer, withDatabaseName } from "../src/index.js";

test("clients share the server connections of a pool, a transaction at a time", async () => {
  const serverUrl = inject("holdfastPostgresUrl");
  const database = await createDatabase(serverUrl);
  const { hostname, port, username, password } = new URL(serverUrl);
  const bouncer = await startPgBouncer(
    { host: hostname, port: Number(port), user: decodeURIComponent(username), password: decodeURIComponent(password) },
    { poolMode: "transaction", poolSize: 2 },
  );
  const url = withDatabaseName(bouncer.url, database.name);
  const clients = Array.from({ length: 10 }, () => new Client({ connectionString: url }));
  try {
    await Promise.all(clients.map((client) => client.connect()));
    const backends = await Promise.all(
      clients.map(async (client) => (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid),
    );
    expect(new Set(backends).size).toBeLessThanOrEqual(2);
    const [first, second] = clients;
    await first?.query("BEGIN");
    const inTransaction = (await first?.query("SELECT pg_backend_pid() AS pid"))?.rows;
    expect((await second?.query("SELECT pg_backend_pid() AS pid"))?.rows).not.toEqual(inTransaction);
    expect((await first?.query("SELECT pg_backend_pid() AS pid"))?.rows).toEqual(inTransaction);
    await first?.query("COMMIT");
  } finally {
    await Promise.all(clients.map((client) => client.end()));
    await bouncer.stop();
    await database.drop();
  }
  await expect(new Client({ connectionString: url }).connect()).rejects.toThrow("ECONNREFUSED");
});

test("a PgBouncer that does not start fails with the words of its log", async () => {
  const poolMode = "no-such-mode" as "session";
  const failing = startPgBouncer({ host: "127.0.0.1", port: 1, user: "holdfast", password: "holdfast" }, { poolMode });
  await expect(failing).rejects.toThrow(/PgBouncer did not start.*no-such-mode/s);
});
