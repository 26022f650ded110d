import { Client } from "pg";
import { expect, test } from "vitest";
import { startPostgresPair } from "../src/index.js";

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query({ text, rowMode: "array" })).rows.flat();
  } finally {
    await client.end().catch(() => {});
  }
}

test("a promoted standby has all that a synchronous primary acknowledged, and clients find it at the same address", async () => {
  const pair = await startPostgresPair();
  try {
    await query(pair.url, "CREATE TABLE kept (n int)");
    await query(pair.url, "INSERT INTO kept VALUES (1)");
    await pair.promote();
    expect(await query(pair.url, "SELECT n FROM kept")).toEqual([1]);
    await pair.addStandby();
    await query(pair.url, "INSERT INTO kept VALUES (2)");
    await pair.promote();
    expect(await query(pair.url, "SELECT n FROM kept ORDER BY n")).toEqual([1, 2]);
  } finally {
    await pair.stop();
  }
});

test("a standby that lags has what was acknowledged before it was cut off, and nothing of what came later", async () => {
  const pair = await startPostgresPair({ synchronous: false });
  try {
    await query(pair.url, "CREATE TABLE kept (n int)");
    await pair.cutOffStandby();
    await query(pair.url, "INSERT INTO kept VALUES (1)");
    await pair.catchUp();
    await pair.cutOffStandby();
    await query(pair.url, "INSERT INTO kept VALUES (2)");
    await pair.promote();
    expect(await query(pair.url, "SELECT n FROM kept")).toEqual([1]);
  } finally {
    await pair.stop();
  }
});
