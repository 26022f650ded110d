import { type PgBouncer, startPgBouncer, withDatabaseName } from "@holdfast/test-servers";
import { inject } from "vitest";
import { callSuites, postgresConformance } from "./postgres-conformance.js";

let bouncer: PgBouncer;

postgresConformance({
  name: "@holdfast/checkpoint-postgres through PgBouncer in transaction mode",
  suites: callSuites,
  start: async () => {
    const { hostname: host, port, username, password } = new URL(inject("holdfastPostgresUrl"));
    const server = {
      host,
      port: Number(port || 5432),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
    };
    bouncer = await startPgBouncer(server, { poolMode: "transaction", poolSize: 4 });
  },
  stop: () => bouncer?.stop(),
  urlOf: ({ name }) => withDatabaseName(bouncer.url, name),
});
