import { randomBytes } from "node:crypto";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { expect, inject, it } from "vitest";
import { callSuites, postgresConformance } from "./postgres-conformance.js";
import { queryRows } from "./rows.js";
import { databaseWithTables, emptyDatabase } from "./saver-database.js";

const ROLE = `holdfast_${randomBytes(6).toString("hex")}`;
const PASSWORD = "least";

/** The statements of `docs/operate/postgres.md`, for a schema that a DBA has made. Where there are no tables yet, the role makes them, and owns them. */
const RIGHTS = `
grant usage on schema holdfast to ${ROLE};
grant select, insert, update, delete on all tables in schema holdfast to ${ROLE};
grant usage on all sequences in schema holdfast to ${ROLE};`;
const RIGHTS_TO_SET_UP = `grant create on schema holdfast to ${ROLE};`;

function asRole(url: string): string {
  return Object.assign(new URL(url), { username: ROLE, password: PASSWORD }).href;
}

postgresConformance({
  name: "@holdfast/checkpoint-postgres by a role with the least rights",
  suites: callSuites,
  start: async () => {
    await queryRows(inject("holdfastPostgresUrl"), `create role ${ROLE} login password '${PASSWORD}'`);
  },
  prepare: async ({ url }) => {
    const [found] = await queryRows<{ isThere: boolean }>(url, `select to_regnamespace('holdfast') is not null as "isThere"`);
    if (found?.isThere === true) await queryRows(url, RIGHTS);
    else await queryRows(url, `create schema holdfast; ${RIGHTS} ${RIGHTS_TO_SET_UP}`);
  },
  finish: async () => {
    await queryRows(inject("holdfastPostgresUrl"), `drop role ${ROLE}`);
  },
  urlOf: ({ url }) => asRole(url),
});

it("C-80 setup() by that role: where the tables are, it finds them; where there is no schema and it may make none, it says so", async () => {
  const [ready, empty] = await Promise.all([databaseWithTables(), emptyDatabase()]);
  await queryRows(ready.url, RIGHTS);
  const saver = PostgresSaver.fromConnString(asRole(ready.url));
  await saver.setup();
  await saver.sweep().catch((error: unknown) => expect(error).toMatchObject({ code: "HOLDFAST_INVALID_OPTIONS" }));
  expect((await saver.stats()).threads).toBe(0);
  await saver.end();
  const without = PostgresSaver.fromConnString(asRole(empty.url));
  await expect(without.setup()).rejects.toMatchObject({
    code: "HOLDFAST_STORE_FAILURE",
    message: expect.stringMatching(/^setup: .*42501.*Grant the role/),
  });
  await without.end();
  await Promise.all([ready.drop(), empty.drop()]);
});
