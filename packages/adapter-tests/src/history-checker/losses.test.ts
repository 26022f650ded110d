import { describe, expect, it } from "vitest";
import { acquires as acquire, asPut, deletes, lists as list, put, reads as read } from "./by-hand.testing.js";
import type { Acquire, Disturbance, Operation, Put, Read } from "./history.js";
import { violationsOf } from "./judge.js";

/** The replica has everything at 100, its master dies at 200, and it has taken its place at 300. */
const failover = (mayLose: boolean): Disturbance => ({ from: 100, to: 300, failover: { diedAt: 200, mayLose } });

const reads = (seen: Put | undefined, from: number, more: Partial<Read> = {}): Operation => read(seen && asPut(seen), from, more);
const lists = (seen: Put[], from: number): Operation =>
  list(
    seen.map((each) => asPut(each)),
    from,
  );
const acquires = (token: string, from: number, more: Partial<Acquire> = {}): Operation =>
  acquire(token, from, { ttlMs: 20, ...more });

const check = (operations: Operation[], mayLose = true): string[] =>
  violationsOf({ operations, patienceMs: 50, disturbances: [failover(mayLose)], deaths: [] });

const early = put("1", 10);
const late = put("2", 150, { parent: "1" });
const later = put("3", 160, { parent: "2" });

describe("C-87 the judge lets a failover lose", () => {
  const right: Readonly<Record<string, Operation[]>> = {
    "C-30 what was acknowledged since the replica had everything": [early, late, reads(late, 170), reads(early, 400)],
    "C-30 all of it, or what came last": [early, late, later, lists([later, late, early], 170), lists([late, early], 400)],
    "C-30 nothing": [early, late, later, lists([later, late, early], 400)],
    "C-30 the first try of what was acknowledged by the new master": [
      early,
      late,
      { ...later, to: 350 },
      reads(later, 400),
      lists([later, early], 410),
    ],
    "C-31 what replaced a checkpoint": [early, put("1", 150), reads(put("1", 150), 160), reads(early, 400)],
    "C-51 a deletion": [early, deletes(150), reads(undefined, 160), reads(early, 400)],
    "C-51 a deletion that had no answer, and was seen": [
      early,
      deletes(150, { outcome: "unknown" }),
      reads(undefined, 160),
      reads(early, 400),
    ],
    "C-51 what a run goes on from, in a thread that was deleted since": [
      late,
      reads(late, 170),
      deletes(350),
      put("4", 400, { parent: "2" }),
      reads(put("4", 400, { parent: "2" }), 410),
    ],
    "C-90 a lease": [early, acquires("5", 190, { ttlMs: 500 }), acquires("6", 350), put("2", 360, { token: "6" })],
    "C-90 a lease, after which tokens count on from before it": [acquires("5", 10), acquires("7", 150), acquires("6", 350)],
  };
  for (const [name, operations] of Object.entries(right)) {
    it(name, () => {
      expect(check(operations)).toEqual([]);
    });
  }
});

describe("C-87 the judge of a failover finds", () => {
  const wrong: Readonly<Record<string, [Operation[], RegExp, boolean?]>> = {
    "C-30 that something is lost where nothing may be": [[early, late, reads(early, 400)], /as the latest, and t 2/, false],
    "C-30 that something older is lost": [[early, late, reads(undefined, 400)], /reads not t 1, which is lost/],
    "C-30 that something in the middle is lost": [
      [early, late, later, lists([later, early], 400)],
      /lists not t 2, which is lost/,
    ],
    "C-30 that something of the new master is lost": [[early, put("2", 350), reads(early, 400)], /as the latest, and t 2/],
    "C-13 that something was not seen before the failover": [[early, late, reads(early, 170)], /as the latest, and t 2/],
    "C-31 that a checkpoint is altered": [
      [early, late, reads({ ...late, values: early.values }, 400)],
      /reads t 2 otherwise than it was put/,
    ],
    "C-30 that something lost comes back": [
      [early, late, reads(late, 170), lists([early], 400), lists([late, early], 500)],
      /lists t 2 again, which was gone/,
    ],
    "C-51 that an older deletion is undone": [[early, deletes(50), reads(early, 400)], /reads t 1, resurrected/],
    "C-51 that a deletion is undone by the new master": [[early, deletes(350), reads(early, 400)], /reads t 1, resurrected/],
    "C-51 that a deletion was undone before the failover": [[early, deletes(150), reads(early, 170)], /reads t 1, resurrected/],
    "C-90 a token that repeats": [[acquires("5", 150), acquires("5", 350)], /token 5 was granted twice/],
    "C-91 that a forgotten holder writes": [
      [acquires("6", 150), acquires("5", 350), put("2", 360, { token: "6" })],
      /under token 6 after token 5/,
    ],
  };
  for (const [name, [operations, expected, mayLose]] of Object.entries(wrong)) {
    it(name, () => {
      expect(check(operations, mayLose).join("\n")).toMatch(expected);
    });
  }
});
