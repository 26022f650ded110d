import { failureOf, printed } from "@holdfast/adapter-tests";
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import type { TestDatabase } from "@holdfast/test-servers";
import { queryRows } from "./rows.js";
import { databaseWithTables } from "./saver-database.js";

const MARKER = "m4rk3r-of-a-secret";

let database: TestDatabase;
beforeAll(async () => {
  database = await databaseWithTables();
});
afterAll(() => database?.drop());

/** Ways in which a server refuses a row, and quotes it. */
const REFUSALS: Readonly<Record<string, string>> = {
  "a constraint": "alter table holdfast.checkpoint add constraint refusal check (metadata is null)",
  "a trigger": "create trigger refusal before insert on holdfast.checkpoint for each row execute function holdfast.refuse()",
};

for (const [what, statement] of Object.entries(REFUSALS)) {
  it(`C-71 the refusal of ${what} says its code, and no value`, async () => {
    await queryRows(
      database.url,
      "create or replace function holdfast.refuse() returns trigger language plpgsql as $$ begin raise exception 'no: %', new using hint = new, detail = new; end $$",
    );
    await queryRows(database.url, statement);
    const saver = PostgresSaver.fromConnString(database.url);
    const metadata = { source: "loop" as const, step: 0, parents: {}, note: MARKER };
    const config = { configurable: { thread_id: "1", checkpoint_ns: "" }, metadata: { user: MARKER } };
    const checkpoint = { ...emptyCheckpoint(), channel_values: { note: MARKER } };
    const error = await failureOf(() => saver.put(config, checkpoint, metadata, { note: 1 }));
    await saver.end();
    await queryRows(database.url, "alter table holdfast.checkpoint drop constraint if exists refusal");
    await queryRows(database.url, "drop trigger if exists refusal on holdfast.checkpoint");
    expect(error).toMatchObject({ code: "HOLDFAST_STORE_FAILURE", cause: { code: expect.stringMatching(/^(23514|P0001)$/) } });
    expect(printed(error)).not.toContain(MARKER);
  });
}
