import { at, checkpointOf, putWhole } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { queryRows } from "./rows.js";
import { databaseWithTables } from "./saver-database.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await databaseWithTables();
});
afterAll(() => database?.drop());

it("C-56 a sweep goes on past a thread that the server refuses to prune, with onError, and throws without", async () => {
  const saver = PostgresSaver.fromConnString(database.url, { retention: { keepLast: 1 } });
  for (const thread of ["a", "damaged", "b"]) {
    const first = checkpointOf({ text: "one" });
    await putWhole(saver, thread, first);
    const second = checkpointOf({ text: "two" }, 2);
    await saver.put(at(thread, first.id), second, { source: "loop", step: 1, parents: {} }, { text: 2 });
  }
  const refusal = "create function holdfast.refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$";
  await queryRows(database.url, refusal);
  const [row] = await queryRows(database.url, "select thread_key from holdfast.thread where thread_id = 'damaged'");
  await queryRows(
    database.url,
    `create trigger refusal before delete on holdfast.checkpoint for each row when (old.thread_key = ${String(row?.thread_key)}) execute function holdfast.refuse()`,
  );
  const told: string[] = [];
  const onError = (error: unknown, threadId: string): void => {
    expect(error).toMatchObject({ code: "HOLDFAST_STORE_FAILURE" });
    told.push(threadId);
  };
  expect(await saver.sweep({ onError })).toMatchObject({ end: "done", checkpoints: 2 });
  expect(told).toEqual(["damaged"]);
  await expect(saver.sweep()).rejects.toMatchObject({ code: "HOLDFAST_STORE_FAILURE" });
  await saver.end();
});
