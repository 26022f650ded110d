import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { spawnNode, startTcpProxy, type TcpProxy, type TestDatabase } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { databaseWithTables } from "./saver-database.js";

let database: TestDatabase;
let proxy: TcpProxy;

beforeAll(async () => {
  database = await databaseWithTables();
  const { hostname, port } = new URL(database.url);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
});
afterAll(async () => {
  await proxy?.stop();
  await database?.drop();
});

/** What a server says that ends a session, as `pg_terminate_backend` has it. */
function fatal(): Buffer {
  const fields = Buffer.from("SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0");
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** The first message of a connection: its length, and version 3.0 of the protocol. */
const isStartup = (request: Buffer): boolean => request.length >= 8 && request.readInt32BE(4) === 0x30000;

for (const whose of ["own", "given"]) {
  it(`C-71 a connection that ends in the moment in which it comes up ends no process (${whose} pool)`, async () => {
    const saver = PostgresSaver.fromConnString(database.url, { poolSize: 1 });
    await saver.putWrites({ configurable: { thread_id: "read", checkpoint_id: "1" } }, [["a", 1]], "task");
    await saver.end();
    const child = await spawnNode(new URL("children/reader.ts", import.meta.url), { args: [whose, proxy.url(database.url)] });
    expect(await child.nextMessage()).toBe("ready");
    for (const operation of ["getTuple", "prune", "setup"]) {
      // The next operation needs a new connection.
      proxy.cut();
      const ended = proxy.endAfterRequest(isStartup, fatal());
      await child.send(operation);
      expect(await child.nextMessage(), operation).toBe("answered");
      await ended;
    }
    await child.kill();
  });
}
