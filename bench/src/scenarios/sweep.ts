import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import pg from "pg";
import { median, quantile } from "../measuring/statistics.js";
import { count, kb, ms, ratio, type Table } from "../report/table.js";
import type { Scenario } from "../scenario.js";
import { startPostgresUnderTest } from "../servers/postgres.js";
import { schemaBytes } from "../servers/postgres-size.js";
import { startChat } from "../workloads/play.js";

/** Checkpoints of a turn of the chat. */
const CHECKPOINTS_A_TURN = 3;
const KEEP_LAST = 10;
const TURNS_A_CHAT = 50;

/** A sweep over many threads beside a graph that runs: what it does to the turns, and to the size of the tables. On Postgres. */
export const sweep: Scenario = async (run) => {
  if (!run.stores.includes("postgres")) return { tables: [] };
  const [threads, turns] = run.quick ? [500, 25] : [10_000, 34];
  const server = await startPostgresUnderTest(run.atEnd);
  const url = await server.database("holdfast");
  const observer = new pg.Client({ connectionString: url });
  await observer.connect();
  run.atEnd(() => observer.end());
  const open = (): PostgresSaver => {
    const saver = PostgresSaver.fromConnString(url, { retention: { keepLast: KEEP_LAST } });
    run.atEnd(() => saver.end());
    return saver;
  };
  const [saver, sweeper] = [open(), open()];

  const original = startChat(saver, "original");
  for (let turn = 0; turn < turns; turn += 1) await original.turn();
  await copy(observer, "original", threads - 1);
  const full = await schemaBytes(observer, "holdfast");
  const before = await saver.stats();
  run.progress(`${count(before.checkpoints)} checkpoints in ${kb(full)}`);

  let played = 0;
  let chat = startChat(saver, "runs on");
  const turnTime = async (): Promise<number> => {
    // The sweep takes minutes, and a conversation of thousands of turns would be measured instead of it.
    played += 1;
    if (played % TURNS_A_CHAT === 0) chat = startChat(saver, `runs on ${played}`);
    const start = performance.now();
    await chat.turn();
    return performance.now() - start;
  };
  const without: number[] = [];
  const during: number[] = [];
  const rounds = run.quick ? 60 : 150;
  for (let warmUp = 0; warmUp < 10; warmUp += 1) await turnTime();
  for (let round = 0; round < rounds; round += 1) without.push(await turnTime());
  const start = performance.now();
  let isOver = false;
  const sweeping = sweeper.sweep({ onProgress: ({ seen }) => run.progress(`${count(seen)} threads swept`) }).finally(() => {
    isOver = true;
  });
  while (!isOver) during.push(await turnTime());
  const report = await sweeping;
  const seconds = (performance.now() - start) / 1_000;
  // Half before and half after, so that what changes with time changes both.
  for (let round = 0; round < rounds; round += 1) without.push(await turnTime());
  const swept = await schemaBytes(observer, "holdfast");
  await observer.query("vacuum full");
  const rewritten = await schemaBytes(observer, "holdfast");
  const after = await saver.stats();

  const slower = quantile(during, 0.99) / quantile(without, 0.99);
  run.progress(`p99 of a turn: ${ratio(slower)}`);
  const turnsTable: Table = {
    title: "A sweep beside running graphs",
    note: `${count(threads)} threads of ${turns * CHECKPOINTS_A_TURN} checkpoints and more, of which \`sweep()\` leaves ${KEEP_LAST} each, while conversations of ${TURNS_A_CHAT} turns go on one after another in the same process. \`without\` is measured before and after the sweep.`,
    columns: ["turns", "p50", "p99", "number"],
    rows: [
      ["without", ms(median(without)), ms(quantile(without, 0.99)), without.length],
      ["during the sweep", ms(median(during)), ms(quantile(during, 0.99)), during.length],
      ["ratio", ratio(median(during) / median(without)), ratio(slower), ""],
    ],
  };
  const sizeTable: Table = {
    title: "What a sweep leaves",
    note: `The sweep took ${seconds.toFixed(0)} s, ${count(report.checkpoints / seconds)} checkpoints a second. Pages of tables, TOAST and indexes. After a sweep, Postgres reuses the space, and returns little of it to the disk; \`VACUUM FULL\` shows what is left.`,
    columns: ["", "checkpoints", "size"],
    rows: [
      ["before", count(before.checkpoints), kb(full)],
      ["after, and `VACUUM`", count(after.checkpoints), kb(swept)],
      ["after, and `VACUUM FULL`", "", kb(rewritten)],
    ],
  };
  return { tables: [turnsTable, sizeTable], figures: { "p99 of a turn beside a sweep": slower } };
};

/** Copies a thread inside the database, so often that ten thousand of them are there in minutes. */
async function copy(client: pg.Client, threadId: string, times: number): Promise<void> {
  const from = `holdfast.thread o where o.thread_id = '${threadId}'`;
  await client.query(`insert into holdfast.thread (thread_id) select 'copy ' || n from generate_series(1, ${times}) n`);
  const columns = {
    segment: "segment_id, links, body",
    pending_write:
      "arrival, slot, checkpoint_ns, checkpoint_id, task_id, task_path, call, run_id, links, payload, last_call, replaced_calls",
    checkpoint:
      "commit_order, checkpoint_ns, checkpoint_id, parent_id, snapshots, metadata, source, step, links, record, committed_at, labels, is_hidden",
  };
  for (const [table, names] of Object.entries(columns)) {
    await client.query(
      `insert into holdfast.${table} (thread_key, ${names})
select c.thread_key, ${names.split(", ").map((name) => `r.${name}`)} from holdfast.thread c
cross join (select * from holdfast.${table} where thread_key = (select thread_key from ${from})) r
where c.thread_id like 'copy %'`,
    );
  }
  await client.query("analyze");
}
