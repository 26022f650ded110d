import type { ServerStore } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { eventually, startTcpProxy, type TcpProxy } from "@holdfast/test-servers";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { closePooled, openPooled } from "../pooled-savers.js";
import { queryRows } from "../rows.js";
import { startServerWithTables } from "./private-server.js";

let server: ServerStore;
let proxy: TcpProxy;

beforeAll(async () => {
  server = await startServerWithTables();
});
afterAll(async () => server?.drop());
beforeEach(async () => {
  proxy = await startTcpProxy(server);
});
afterEach(async () => proxy.stop());

/** The migrations in a schema are those that a setup() makes when nothing happens, each once. */
async function expectSetUpOnce(schema: string): Promise<void> {
  const versionsIn = (name: string) => queryRows(server.url, `select version from "${name}".migration order by version`);
  expect(await versionsIn(schema)).toEqual(await versionsIn("holdfast"));
}

for (const [when, cut] of [
  ["after the commit", (match: (request: Buffer) => boolean) => proxy.cutAfterRequest(match)],
  ["before the server had it", (match: (request: Buffer) => boolean) => proxy.cutBeforeRequest(match)],
] as const) {
  it(`C-80 setup() whose connection is lost ${when} sets up once`, async () => {
    const schema = `set up ${when}`;
    const saver = openPooled(proxy.url(server.url), { schema });
    const lost = cut((request) => request.includes("commit\0"));
    await saver.setup();
    await lost;
    await saver.setup();
    await expectSetUpOnce(schema);
    await closePooled(saver);
  });
}

it("C-71 setup() whose network is partitioned in its middle is given up and tried again", async () => {
  const saver = PostgresSaver.fromConnString(proxy.url(server.url), {
    schema: "partitioned",
    statementTimeoutMs: 300,
    connectTimeoutMs: 300,
    retry: { maxAttempts: 1_000, maxDelayMs: 100 },
  });
  let isPartitioned = false;
  // From here on nothing gets through, while the server holds the lock of the transaction that was begun.
  void proxy.cutBeforeRequest((request) => {
    if (request.includes("create table") && !isPartitioned) {
      isPartitioned = true;
      proxy.blackhole();
    }
    return false;
  });
  const settingUp = saver.setup();
  await eventually("new connections are tried", () => isPartitioned && proxy.connections >= 2);
  proxy.restore();
  await settingUp;
  await expectSetUpOnce("partitioned");
  await saver.end();
});
