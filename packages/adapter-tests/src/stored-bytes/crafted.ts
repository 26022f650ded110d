import { createHash, hash } from "node:crypto";
import { constants, crc32, deflateRawSync } from "node:zlib";
import { integerOf, type Random } from "../seeded.js";
import { MARKER, type PutCheckpoint, type PutSlot } from "./threads.js";
import type { AddedSegment } from "./underlying-rows.js";

/** Fields of a row as somebody may write them who knows the format: with valid sums and names. */
export interface CraftedRow {
  readonly links: readonly string[];
  readonly body: Buffer;
  readonly segments: readonly AddedSegment[];
  /** Of a checkpoint. */
  readonly metadata?: string;
}

interface Payload {
  /** Bytes of a record or a payload, without its sum. */
  readonly body: Buffer;
  readonly segments?: readonly AddedSegment[];
  readonly links?: readonly string[];
}

const RAW = 0;
const DEFLATED = 1;
const MIB = 1024 * 1024;

function raw(content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(RAW, 0), content]);
}

/** The same bytes so many times. They are never in memory as a whole: what reading them takes is measured. */
interface Repeated {
  readonly bytes: Buffer;
  readonly times: number;
}

const mebibytes = (times: number, byte: number): Repeated => ({ bytes: Buffer.alloc(MIB, byte), times });
const END_OF_DEFLATED = Buffer.of(3, 0);

/** @param links how many of the first links it is compressed against, as it says. */
function deflated(content: Buffer, links = 0, more: Repeated = { bytes: Buffer.alloc(0), times: 0 }): Buffer {
  const [first, next] = [content, more.bytes].map((bytes) => deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH }));
  return Buffer.concat([
    Buffer.of(DEFLATED, links),
    first as Buffer,
    ...Array<Buffer>(more.times).fill(next as Buffer),
    END_OF_DEFLATED,
  ]);
}

const bombs = new Map<string, AddedSegment>();

/** A segment of so many mebibytes of one byte. Made once: to name it takes as long as to read it. */
function bomb(length: number, byte = 32): AddedSegment {
  const name = `${length} ${byte}`;
  const known = bombs.get(name);
  if (known !== undefined) return known;
  const content = mebibytes(length, byte);
  const sum = createHash("sha256");
  for (let n = 0; n < length; n += 1) sum.update(content.bytes);
  const made = { id: sum.digest("hex").slice(0, 32), links: [], body: deflated(Buffer.alloc(0), 0, content) };
  bombs.set(name, made);
  return made;
}

function segment(content: Buffer, links: readonly string[] = [], body: Buffer = deflated(content)): AddedSegment {
  const digest = hash("sha256", content, "hex");
  const id = links.length === 0 ? digest.slice(0, 32) : hash("sha256", `${digest}${links.join("")}`, "hex").slice(32);
  return { id, links, body };
}

/** @param length of the header, as it says. */
function payload(header: unknown, inline: string | Buffer = "", length?: number): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(4);
  start.writeUInt32LE(length ?? text.length);
  return Buffer.concat([start, text, Buffer.from(inline)]);
}

type Entry = readonly unknown[];
/** The header of a record, or of a task's writes, of such values. */
type HeaderOf = (...entries: readonly Entry[]) => Record<string, unknown>;

const recordHeader: HeaderOf = (...entries) => ({
  v: 4,
  ts: "2026-01-01T00:00:00.000Z",
  cv: Object.fromEntries(entries.map((_, n) => [`channel ${n}`, 1])),
  vs: {},
  ch: entries.map((entry, n) => [`channel ${n}`, ...entry]),
});
const writesHeader: HeaderOf = (...entries) => ({ w: entries.map((entry, n) => [n, n, `channel ${n}`, ...entry]) });

const JSON_TYPE = "hf1";
const ODD_NUMBERS = [-1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, -(2 ** 40), 4294967295];
const ODD: readonly unknown[] = [
  null,
  true,
  "",
  MARKER,
  "__proto__",
  [],
  {},
  [[]],
  [MARKER],
  JSON.parse('{"__proto__":{"polluted":1}}'),
  ...ODD_NUMBERS,
];

/** A tree with one of its parts replaced, or left out. */
function mutated(tree: unknown, random: Random): unknown {
  const keys = typeof tree === "object" && tree !== null ? Object.keys(tree) : [];
  if (keys.length === 0 || random() < 0.1) return oneOf(ODD, random);
  const key = oneOf(keys, random);
  const copy = (Array.isArray(tree) ? [...tree] : { ...(tree as object) }) as Record<string, unknown>;
  if (random() < 0.1) delete copy[key];
  else copy[key] = mutated(copy[key], random);
  return copy;
}

function oneOf<T>(items: readonly T[], random: Random): T {
  return items[integerOf(random, 0, items.length - 1)] as T;
}

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const TEXT = JSON.stringify(MARKER);

/** A chain in which each segment is compressed against the next, so that the first needs them all. */
function chain(length: number): AddedSegment[] {
  const segments = [segment(Buffer.from(TEXT))];
  for (let n = 1; n < length; n += 1) {
    const content = Buffer.from(JSON.stringify(`${MARKER} ${n}`));
    segments.unshift(segment(content, [(segments[0] as AddedSegment).id], deflated(content, 1)));
  }
  return segments;
}

/** What a row may be made to say, by what is wrong with it. */
const CRAFTS: Readonly<Record<string, (headerOf: HeaderOf, random: Random) => Payload>> = {
  "an odd header": (headerOf, random) => ({ body: raw(payload(mutated(headerOf([JSON_TYPE, TEXT.length]), random), TEXT)) }),
  "an odd entry": (headerOf, random) => ({
    body: raw(payload(headerOf([mutated([JSON_TYPE, [-1, 0, TEXT.length]], random)].flat()), TEXT)),
  }),
  "a wrong length": (headerOf, random) => ({ body: raw(payload(headerOf([JSON_TYPE, oneOf(ODD_NUMBERS, random)]), TEXT)) }),
  "a wrong length of the header": (headerOf, random) => ({
    body: raw(payload(headerOf([JSON_TYPE, TEXT.length]), TEXT, integerOf(random, 0, 2 ** 32 - 1))),
  }),
  "odd pieces": (headerOf, random) => {
    const whole = segment(Buffer.from(TEXT));
    const piece = [
      oneOf([0, 0, 1, ...ODD_NUMBERS], random),
      oneOf([0, 1, -1, -2, ...ODD_NUMBERS], random),
      oneOf([0, 1, 5, ...ODD_NUMBERS], random),
    ];
    return { body: raw(payload(headerOf([JSON_TYPE, piece]), TEXT)), segments: [whole], links: [whole.id] };
  },
  "no content": () => ({ body: raw(Buffer.alloc(0)) }),
  "an unknown type": (headerOf) => ({ body: raw(payload(headerOf([MARKER, TEXT.length]), TEXT)) }),
  "deep values": (headerOf, random) => {
    const text = nested(integerOf(random, 900, 200_000));
    return { body: deflated(payload(headerOf([JSON_TYPE, text.length]), text)) };
  },
  "a deep header": (_headerOf, random) => {
    const text = Buffer.from(`{"v":4,"ts":"","cv":${nested(integerOf(random, 900, 200_000))},"vs":{},"ch":[],"w":[]}`);
    const start = Buffer.alloc(4);
    start.writeUInt32LE(text.length);
    return { body: deflated(Buffer.concat([start, text])) };
  },
  "many channels": (headerOf, random) => ({
    body: deflated(payload(headerOf(...Array.from({ length: integerOf(random, 1, 20_000) }, () => [JSON_TYPE, 0])))),
  }),
  "a record that inflates": (headerOf) => ({
    body: deflated(payload(headerOf([JSON_TYPE, TEXT.length]), TEXT), 0, mebibytes(64, 0)),
  }),
  "a segment that inflates": (headerOf) => {
    const one = bomb(600);
    return { body: raw(payload(headerOf([JSON_TYPE, [0, 0, 600 * MIB]]))), segments: [one], links: [one.id] };
  },
  "one segment, again and again": (headerOf, random) => {
    const once = bomb(8);
    const pieces = Array.from({ length: integerOf(random, 1, 100) }, () => [0, 0, 8 * MIB]).flat();
    return { body: raw(payload(headerOf([JSON_TYPE, pieces]))), segments: [once], links: [once.id] };
  },
  "many values of one segment": (headerOf, random) => {
    const once = segment(Buffer.concat([Buffer.from(TEXT), Buffer.alloc(MIB, " ")]));
    // As much as a put may give in as many values.
    const values = Array.from({ length: integerOf(random, 1, 64) }, () => [JSON_TYPE, [0, 0, TEXT.length + MIB]]);
    return { body: deflated(payload(headerOf(...values))), segments: [once], links: [once.id] };
  },
  "many segments that inflate": (headerOf) => {
    const many = Array.from({ length: 8 }, (_, n) => bomb(15, n));
    const links = many.map(({ id }) => id);
    return { body: raw(payload(headerOf([JSON_TYPE, links.flatMap((_, n) => [n, 0, 1])]))), segments: many, links };
  },
  "a long chain of segments": (headerOf, random) => {
    const segments = chain(integerOf(random, 2, 300));
    return { body: raw(payload(headerOf([JSON_TYPE, [0, -1, 0]]))), segments, links: [(segments[0] as AddedSegment).id] };
  },
  "a cycle of segments": (headerOf) => {
    const [a, b] = ["a".repeat(32), "b".repeat(32)] as [string, string];
    const needing = (id: string, link: string): AddedSegment => ({
      id,
      links: [link, link],
      body: deflated(Buffer.from(TEXT), 2),
    });
    return { body: raw(payload(headerOf([JSON_TYPE, [0, -1, 0]]))), segments: [needing(a, b), needing(b, a)], links: [a] };
  },
  "a segment that links to itself and all others": (headerOf, random) => {
    const others = Array.from({ length: integerOf(random, 1, 200) }, (_, n) => segment(Buffer.from(`${TEXT}${n}`)));
    const hub = segment(
      Buffer.from(TEXT),
      others.map(({ id }) => id),
    );
    return { body: raw(payload(headerOf([JSON_TYPE, [0, -1, 0]]))), segments: [hub, ...others], links: [hub.id] };
  },
  "links that lead nowhere": (headerOf, random) => ({
    body: raw(payload(headerOf([JSON_TYPE, TEXT.length]), TEXT)),
    links: Array.from({ length: integerOf(random, 1, 20_000) }, (_, n) => n.toString(16).padStart(32, "0")),
  }),
  "a missing keyframe": (headerOf) => ({ body: deflated(payload(headerOf([JSON_TYPE, TEXT.length]), TEXT), 1) }),
};

export const CRAFT_NAMES = Object.keys(CRAFTS);

/** Reading them takes a hundred times as long as the others: seldom. */
const LARGE = /inflate|again|many|long|deep/;

export function randomCraft(random: Random): string {
  const name = oneOf(CRAFT_NAMES, random);
  return LARGE.test(name) && random() < 0.75 ? randomCraft(random) : name;
}

const ODD_METADATA: readonly string[] = [
  "{}",
  `{"parents":${nested(3_000)}}`,
  `{"note":${nested(6_000)}}`,
  JSON.stringify({ parents: MARKER, counters_since_delta_snapshot: MARKER, source: [MARKER] }),
  JSON.stringify({ source: "update", counters_since_delta_snapshot: [MARKER], parents: { "": 5 } }),
  `{"__proto__":{"polluted":1},"note":"${"x".repeat(MIB)}"}`,
];

export function craftRecord(name: string, of: PutCheckpoint, random: Random): CraftedRow {
  const made = (CRAFTS[name] as (typeof CRAFTS)[string])(recordHeader, random);
  const metadata = random() < 0.2 ? oneOf(ODD_METADATA, random) : undefined;
  const { links = [], segments = [] } = made;
  const owner = [
    "checkpoint",
    of.namespace,
    of.id,
    of.parent ?? "",
    links.join(""),
    canonical(metadata ?? JSON.stringify(of.metadata)),
  ];
  return { links, segments, body: summed(made.body, owner), ...(metadata !== undefined && { metadata }) };
}

export function craftPayload(name: string, of: PutSlot, random: Random): CraftedRow {
  const made = (CRAFTS[name] as (typeof CRAFTS)[string])(writesHeader, random);
  const { links = [], segments = [] } = made;
  const owner = ["write", of.namespace, of.checkpointId, of.taskId, of.slot, links.join(""), of.taskPath];
  return { links, segments, body: summed(made.body, owner) };
}

function summed(body: Buffer, owner: readonly (string | number)[]): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(body, crc32(owner.join("\0"))));
  return Buffer.concat([body, sum]);
}

/** JSON with its keys in order; as it is where that is too deep, as the saver finds, too. */
function canonical(text: string): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, sorted(item)]),
    );
  };
  try {
    return JSON.stringify(sorted(JSON.parse(text)));
  } catch {
    return text;
  }
}
