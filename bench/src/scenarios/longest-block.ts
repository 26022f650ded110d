import { randomBytes } from "node:crypto";
import { longestBlock } from "../measuring/longest-block.js";
import { median } from "../measuring/statistics.js";
import { ms, ratio, type Table } from "../report/table.js";
import type { Scenario, Store } from "../scenario.js";
import { openLineup } from "../servers/lineup.js";
import { CheckpointChain } from "../workloads/checkpoint-chain.js";
import { textOf } from "../workloads/conversations.js";

const STORES: readonly (readonly [Store, string])[] = [
  ["postgres", "Postgres"],
  ["redis", "Redis"],
];
const PARAGRAPH = 1024;
const MEGABYTES = [1, 4, 8, 32];

type Paragraphs = readonly string[];

interface Change {
  readonly what: string;
  readonly after: (before: Paragraphs, other: Paragraphs) => Paragraphs;
  /** Default: one text of all paragraphs. */
  readonly form?: (paragraphs: Paragraphs) => unknown;
}

const documents = (paragraphs: Paragraphs): unknown => paragraphs.map((pageContent, n) => ({ pageContent, metadata: { n } }));
const edited = (before: Paragraphs): Paragraphs => before.with(before.length >> 1, "edited");
const appended = (before: Paragraphs, other: Paragraphs): Paragraphs => [...before, ...other.slice(0, 1)];

const CHANGES: readonly Change[] = [
  { what: "text, a paragraph appended", after: appended },
  { what: "text, one edited", after: edited },
  { what: "text, reversed", after: (before) => before.toReversed() },
  { what: "text, shuffled", after: shuffled },
  { what: "text, replaced by another", after: (_, other) => other },
  { what: "random letters, replaced", after: (before) => before.map(randomParagraph) },
  { what: "documents, one appended", after: appended, form: documents },
  { what: "documents, one edited", after: edited, form: documents },
  { what: "documents, shuffled", after: shuffled, form: documents },
  { what: "documents, replaced", after: (_, other) => other, form: documents },
];

/** For how long a large value keeps everything else in the process waiting. */
export const longestBlocks: Scenario = async (run) => {
  const { savers } = await openLineup(run, { memory: false });
  const [sizes, rounds] = run.quick ? [MEGABYTES.slice(0, 2), 1] : [MEGABYTES, 3];
  const stores = STORES.filter(([store]) => savers[store] !== undefined);
  const rows: Table["rows"][number][] = [];
  for (const { what, after, form = (paragraphs: Paragraphs) => paragraphs.join("") } of CHANGES) {
    for (const megabytes of sizes) {
      const [write, writeOther] = [textOf(megabytes, PARAGRAPH), textOf(100 + megabytes, PARAGRAPH)];
      const before = Array.from({ length: megabytes * 1024 }, write);
      const value = form(after(before, Array.from({ length: megabytes * 1024 }, writeOther)));
      const written: number[] = [];
      const blocks = stores.map(([store]) => ({ store, put: [] as number[], read: [] as number[] }));
      for (let round = 0; round < rounds; round += 1) {
        written.push(await longestBlock(async () => JSON.stringify(value)));
        for (const { store, put, read } of blocks) {
          const contender = savers[store];
          if (contender === undefined) continue;
          const chain = new CheckpointChain(contender.saver, `${what}, ${megabytes}, ${round}`);
          await chain.put({ value: form(before) });
          put.push(await longestBlock(() => chain.put({ value })));
          read.push(await longestBlock(() => contender.fresh().getTuple(chain.config)));
          await contender.saver.deleteThread(chain.threadId);
        }
      }
      const stringify = median(written);
      const cells = blocks.flatMap(({ put, read }) => [ms(median(put)), ratio(median(put) / stringify), ms(median(read))]);
      rows.push([`${what}, ${megabytes} MB`, ms(stringify), ...cells]);
      run.progress(rows.at(-1)?.join(" | ") ?? "");
    }
  }
  return {
    tables: [
      {
        title: "The longest block of the event loop",
        note: "A value is put, then what it became, and a saver that never saw the thread reads that. For how long the second `put` and the read kept the event loop from going on, at the longest; beside it, `JSON.stringify` of the value. A `put` takes the value at the call, which cannot be divided: what the run changes afterwards is not stored. Medians of three threads; collections of garbage are a part of it.",
        columns: [
          "what",
          "`JSON.stringify`",
          ...stores.flatMap(([, name]) => [`\`put\`, ${name}`, "/ `JSON.stringify`", `\`getTuple\`, ${name}`]),
        ],
        rows,
      },
    ],
  };
};

function randomParagraph(): string {
  return randomBytes((PARAGRAPH * 3) / 4).toString("base64");
}

function shuffled(paragraphs: Paragraphs): Paragraphs {
  const all = [...paragraphs];
  for (let i = all.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1));
    all.splice(i, 1, ...all.splice(j, 1, all[i] as string));
  }
  return all;
}
