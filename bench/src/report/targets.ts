/** Targets, each a figure of one run: ratios of contenders that took turns, or of bytes stored to bytes of content. */
interface Target {
  readonly what: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** By the name of the figure. */
export const TARGETS = {
  "1 node, time / official": { what: "a run of one node on a new thread, against the official Postgres saver", atMost: 0.75 },
  "1 node, client CPU / official": { what: "the same: client CPU", atMost: 0.8 },
  "3 nodes, 4 turns, 1 at once, time / official": {
    what: "four turns of three nodes on a new thread, alone, against the same",
    atMost: 0.6,
  },
  "3 nodes, 4 turns, 1 at once, client CPU / official": { what: "the same: client CPU", atMost: 0.7 },
  "3 nodes, 4 turns, 1 at once, Redis / official": {
    what: "the same on Redis, against the official Postgres saver: time",
    atMost: 0.45,
  },
  "3 nodes, 4 turns, 16 at once, time / official": {
    what: "four turns of three nodes on a new thread, 16 at once, against the same",
    atMost: 0.6,
  },
  "3 nodes, 4 turns, 16 at once, client CPU / official": { what: "the same: client CPU", atMost: 0.7 },
  "3 nodes, 4 turns, 16 at once, Redis / official": {
    what: "the same on Redis, against the official Postgres saver: time",
    atMost: 0.45,
  },
  "3 nodes, 4 turns, 64 at once, time / official": {
    what: "four turns of three nodes on a new thread, 64 at once, against the same",
    atMost: 0.6,
  },
  "3 nodes, 4 turns, 64 at once, client CPU / official": { what: "the same: client CPU", atMost: 0.7 },
  "3 nodes, 4 turns, 64 at once, Redis / official": {
    what: "the same on Redis, against the official Postgres saver: time",
    atMost: 0.45,
  },
  "turn after 200, Postgres / official": {
    what: "a turn after 200 turns of chat, against the official Postgres saver",
    atMost: 0.2,
  },
  "turn after 400, Postgres / official": {
    what: "a turn after 400 turns of chat, against the official Postgres saver",
    atMost: 0.12,
  },
  "turn after 400, Postgres / memory": { what: "a turn after 400 turns, on Postgres against `MemorySaver`", atMost: 0.4 },
  "turn after 400, Redis / memory": { what: "a turn after 400 turns, on Redis against `MemorySaver`", atMost: 0.3 },
  "stored / content, chat, Postgres": { what: "bytes stored per byte of content, chat of 400 turns, Postgres", atMost: 3 },
  "stored / content, chat, Redis": { what: "bytes stored per byte of content, chat of 400 turns, Redis", atMost: 3 },
  "stored / content, conversations, Postgres": {
    what: "bytes stored per byte of content, 150 recorded conversations, Postgres",
    atMost: 2.5,
  },
  "stored / content, conversations, Redis": {
    what: "bytes stored per byte of content, 150 recorded conversations, Redis",
    atMost: 2.5,
  },
  "stored, power of turns, Postgres": {
    what: "exponent with which stored bytes grow over the turns (1: linear), Postgres",
    atMost: 1.05,
  },
  "stored, power of turns, Redis": {
    what: "exponent with which stored bytes grow over the turns (1: linear), Redis",
    atMost: 1.05,
  },
  "put of 1 KB to 1 MB / INSERT": {
    what: "`put` of 1 MB of messages plus one of 1 KB, against the bare `INSERT` of 1 KB",
    atMost: 2,
  },
  "replace 1 KB in 1 MB / INSERT": { what: "`put` of a document of 1 MB in which 1 KB is replaced, against the same", atMost: 2 },
  "getTuple of 10 MB / official": { what: "`getTuple` of 10 MB, against the official Postgres saver", atMost: 0.15 },
  "getTuple of 60 MB": { what: "`getTuple` of 60 MB works (1: on each store measured)", atLeast: 1 },
  "first of list / official": {
    what: "first item of a `list` of 300 checkpoints, against the official Postgres saver",
    atMost: 0.02,
  },
  "all of list / official": { what: "all of it", atMost: 0.1 },
  "throughput / official": {
    what: "checkpoints a second of 64 threads on 4 processes, against the official Postgres saver",
    atLeast: 3,
  },
  "throughput / INSERT": { what: "the same, against bare `INSERT`s", atLeast: 0.5 },
  "turn at 1 ms / official": { what: "a turn with a round trip of 1 ms, against the official Postgres saver", atMost: 0.3 },
  "p99 of a turn beside a sweep": { what: "p99 of a turn while 10,000 threads are swept, against without", atMost: 1.5 },
  "unrelated keys": { what: "a turn on Redis with a million unrelated keys, against none", atMost: 1.1 },
  "delta history / base walk, Postgres": {
    what: "delta history of 1,000 ancestors, against the base class's walk, Postgres",
    atMost: 0.02,
  },
  "delta history / base walk, Redis": {
    what: "delta history of 1,000 ancestors, against the base class's walk, Redis",
    atMost: 0.02,
  },
  "exclusive / plain, Postgres": {
    what: "an uncontended turn under `exclusive`, against a plain one, Postgres",
    atMost: 1.1,
  },
  "exclusive / plain, Redis": { what: "an uncontended turn under `exclusive`, against a plain one, Redis", atMost: 1.1 },
} satisfies Readonly<Record<string, Target>>;

export type FigureName = keyof typeof TARGETS;

/** Figures that were measured, by name. One that could not be is missing, or `NaN`. */
export type Figures = Partial<Record<FigureName, number>>;

/** What, target, measured, and whether it is met: computed, not typed. */
export function targetRows(figures: Figures): string[][] {
  return (Object.entries(TARGETS) as [FigureName, Target][]).map(([name, { what, atMost, atLeast }]) => {
    // JSON has no NaN: it is null there.
    const measured = figures[name] ?? Number.NaN;
    const target = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
    const isMet = atMost === undefined ? measured >= (atLeast ?? 0) : measured <= atMost;
    const verdict = Number.isNaN(measured) ? "not measured" : isMet ? "met" : "**not met**";
    return [what, target, Number.isNaN(measured) ? "–" : measured.toFixed(measured < 0.1 ? 3 : 2), verdict];
  });
}
