/**
 * Stored bytes, Holdfast beside the official Postgres saver, on one server in one run: a chat of three messages a turn (300, 1,000 and 200
 * characters), and recorded conversations.
 *
 * Stored bytes are the pages of all tables, their TOAST tables and their indexes (not Postgres' maps of free space and visibility, which have the same
 * few pages whatever a small table holds), after VACUUM, which gives back pages that Postgres took in advance, less those of the tables when empty; content is the UTF-8 bytes of the
 * messages' text and tool calls' arguments. See `bench/README.md`.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { createDatabase, startPostgres } from "@holdfast/test-servers";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { PostgresSaver as OfficialSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";
import { type Conversation, growingChat, readTranscripts } from "./conversations.js";
import { contentBytes, playConversation } from "./play.js";

const { values: options } = parseArgs({
  options: {
    turns: { type: "string", default: "200" },
    transcripts: { type: "string" },
    limit: { type: "string", default: "150" },
    "skip-official": { type: "boolean", default: false },
    json: { type: "string" },
  },
});

interface Contender {
  readonly name: string;
  readonly schema: string;
  open(url: string): Promise<BaseCheckpointSaver & { end(): Promise<void> }>;
}

const contenders: readonly Contender[] = [
  {
    name: "holdfast",
    schema: "holdfast",
    async open(url) {
      const saver = PostgresSaver.fromConnString(url);
      await saver.setup();
      return saver;
    },
  },
  {
    name: "official",
    schema: "public",
    async open(url) {
      const saver = OfficialSaver.fromConnString(url);
      await saver.setup();
      return saver;
    },
  },
];

interface Measurement {
  readonly workload: string;
  readonly saver: string;
  readonly turns: number;
  readonly contentBytes: number;
  readonly storedBytes: number;
  readonly ratio: number;
}

const results: Measurement[] = [];

async function storedBytes(url: string, schema: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query("vacuum");
  const { rows } = await client.query<{ bytes: string }>(
    `with tables as (select c.oid, c.reltoastrelid from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname = $1),
heaps as (select oid from tables union all select reltoastrelid from tables where reltoastrelid <> 0)
select sum(pg_relation_size(oid, 'main') + pg_indexes_size(oid)) as bytes from heaps`,
    [schema],
  );
  await client.end();
  return Number(rows[0]?.bytes ?? 0);
}

/** Plays conversations on one saver, measuring at each of the given numbers of turns played in all. */
async function measure(
  server: string,
  contender: Contender,
  workload: string,
  conversations: readonly Conversation[],
  at: readonly number[],
) {
  const database = await createDatabase(server);
  const saver = await contender.open(database.url);
  const empty = await storedBytes(database.url, contender.schema);
  let turns = 0;
  let content = 0;
  for (const [index, conversation] of conversations.entries()) {
    await playConversation(saver, `thread-${index}`, conversation, async (messages) => {
      turns += 1;
      content += contentBytes(messages);
      if (!at.includes(turns)) return;
      const stored = (await storedBytes(database.url, contender.schema)) - empty;
      results.push({
        workload,
        saver: contender.name,
        turns,
        contentBytes: content,
        storedBytes: stored,
        ratio: stored / content,
      });
      process.stderr.write(
        `${workload} ${contender.name}: ${turns} turns, ${stored} bytes stored, ${(stored / content).toFixed(2)}x the content\n`,
      );
    });
  }
  await saver.end();
  await database.drop();
}

const server = await startPostgres({ durable: false });
const turns = Number(options.turns);
const quarters = [1, 2, 3, 4].map((quarter) => Math.round((turns * quarter) / 4));
for (const contender of contenders) {
  if (contender.name === "official" && options["skip-official"]) continue;
  await measure(server.url, contender, "chat", [growingChat(turns, "prose")], quarters);
  await measure(server.url, contender, "chat, incompressible", [growingChat(turns, "random")], quarters);
  if (options.transcripts !== undefined) {
    const recorded = (await readTranscripts(options.transcripts)).slice(0, Number(options.limit));
    const all = recorded.reduce((sum, conversation) => sum + conversation.length, 0);
    await measure(
      server.url,
      contender,
      "transcripts",
      recorded,
      [1, 2, 3, 4].map((quarter) => Math.round((all * quarter) / 4)),
    );
  }
}
const report = { date: new Date().toISOString(), postgres: server.version, node: process.version, results };
await server.stop();

console.log(`\nPostgres ${report.postgres}, Node ${report.node}\n`);
console.log("| workload | turns | content | Holdfast stores | x content | official stores | x content |");
console.log("|---|--:|--:|--:|--:|--:|--:|");
for (const ours of results.filter((result) => result.saver === "holdfast")) {
  const theirs = results.find(
    (result) => result.saver === "official" && result.workload === ours.workload && result.turns === ours.turns,
  );
  const cells = [ours.workload, ours.turns, kb(ours.contentBytes), kb(ours.storedBytes), ours.ratio.toFixed(2)];
  console.log(
    `| ${[...cells, theirs === undefined ? "" : kb(theirs.storedBytes), theirs?.ratio.toFixed(0) ?? ""].join(" | ")} |`,
  );
}
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`);

function kb(bytes: number): string {
  return `${Math.round(bytes / 1000).toLocaleString("en")} kB`;
}
