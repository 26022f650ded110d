import { describe, expect, it } from "vitest";
import { acquires, asPut, at, deletes, lists, type More, put, reads, write } from "./by-hand.testing.js";
import { type History, OLD_STORE, type Operation } from "./history.js";
import { violationsOf } from "./judge.js";

const listsThreads = (seen: string[], from: number): Operation => ({ kind: "list threads", seen, ...at(from) });
const prunes = (keepLast: number, from: number): Operation => ({ kind: "prune", thread: "t", keepLast, ...at(from) });
const copies = (from: number, more: More = {}): Operation => ({ kind: "copy", source: "t", thread: "u", ...at(from), ...more });
const deletesRuns = (runs: string[], from: number, more: More = {}): Operation => ({
  kind: "delete runs",
  runs,
  ...at(from),
  ...more,
});
const underneath = (rows: number, orphans: string[], from: number): Operation => ({
  kind: "underneath",
  thread: "t",
  rows,
  orphans,
  ...at(from),
});

const check = (operations: Operation[], more: Partial<History> = {}): string[] =>
  violationsOf({ operations, patienceMs: 50, disturbances: [], deaths: [], ...more });

const one = put("1", 0);
const two = put("2", 10, { parent: "1" });
const three = put("3", 20, { parent: "2" });
const sub = put("s", 12, { namespace: "sub", origins: { "": "1" } });

describe("C-10 to C-95 the judge of histories finds nothing", () => {
  const right: Readonly<Record<string, Operation[]>> = {
    "C-10 C-20 in a turn": [one, two, reads(asPut(two), 15), lists([asPut(two), asPut(one)], 16), listsThreads(["t"], 17)],
    "C-13 where a read and a put overlap": [one, reads(undefined, 0.5), reads(asPut(one), 0.5)],
    "C-30 in a put without an answer that is there, or not": [
      one,
      put("2", 10, { parent: "1", outcome: "unknown" }),
      reads(asPut(one), 20),
      reads(asPut(two), 30),
    ],
    "C-30 in a put that was given up, and comes late": [
      one,
      put("2", 10, { outcome: "unknown", parent: "1" }),
      three,
      reads(asPut(put("2", 10, { parent: "1" })), 30),
    ],
    "C-51 where a thread is begun anew with an id that it had": [one, deletes(5), put("1", 10), reads(asPut(put("1", 10)), 20)],
    "C-72 in a deletion that was given up, and was done": [one, deletes(5, { outcome: "unknown" }), reads(undefined, 20)],
    "C-72 in a deletion whose process was killed, and comes late": [
      one,
      { kind: "delete", thread: "t", process: "a", from: 5, outcome: "unknown" },
      two,
      reads(undefined, 20),
    ],
    "C-31 where a put again is read as it is now": [
      one,
      put("1", 10, { values: { v: 2 } }),
      reads(asPut(put("1", 10, { values: { v: 2 } })), 20),
    ],
    "C-51 in a new run on a deleted thread": [one, deletes(5), put("4", 10), reads(asPut(put("4", 10)), 15)],
    "C-51 where a run's put and the deletion overlap": [one, deletes(10), two, reads(asPut(two), 10.5), reads(undefined, 20)],
    "C-52 where what was pruned is gone": [one, two, three, prunes(1, 25), lists([asPut(three)], 30)],
    "C-55 where a run's checkpoints and writes are gone": [
      one,
      put("2", 10, { run: "x" }),
      write("1", "c", "v", 12, { run: "x" }),
      deletesRuns(["x"], 20),
      reads(asPut(one), 30),
    ],
    "C-58 in a copy": [one, copies(5), reads({ ...asPut(one), thread: "u" }, 10)],
    "C-41 where the first ordinary write, and the last special one, is there": [
      one,
      write("1", "c", "first", 2),
      write("1", "c", "second", 4),
      write("1", "__resume__", "first", 6),
      write("1", "__resume__", "second", 8),
      reads(asPut(one, ["task", "c", "first"], ["task", "__resume__", "second"]), 10),
    ],
    "C-40 C-58 where what is written to a copy is not in the original": [
      one,
      copies(5),
      write("1", "c", "v", 10, { thread: "u" }),
      reads(asPut(one), 15),
    ],
    "C-26 C-113 where a thread that the old store has is listed from its takeover on": [
      put("1", 0, { process: OLD_STORE }),
      listsThreads([], 5),
      put("1", 10, { values: { v: 2 } }),
      listsThreads(["t"], 15),
    ],
    "C-91 where a put is refused": [
      one,
      acquires("1", 2),
      { ...two, outcome: "refused", code: "HOLDFAST_THREAD_BUSY" },
      reads(asPut(one), 20),
    ],
    "C-99 where a lease is taken away, and nothing is written under it any more": [
      one,
      acquires("1", 2),
      acquires("2", 5, { interrupts: true }),
      put("2", 20, { token: "2" }),
    ],
    "C-91 where one that was refused may have been asked for twice": [
      one,
      acquires("1", 2),
      { ...two, to: 80, outcome: "refused", code: "HOLDFAST_LEASE_LOST" },
      reads(asPut(two), 90),
    ],
  };
  for (const [name, operations] of Object.entries(right)) {
    it(name, () => {
      expect(check(operations)).toEqual([]);
    });
  }
});

describe("C-10 to C-95 the judge of histories finds", () => {
  const gaveUp = { outcome: "unknown" } as const;
  const wrong: Readonly<Record<string, [Operation[], RegExp]>> = {
    "C-13 a checkpoint that another process does not see": [
      [one, reads(undefined, 5, { process: "b" })],
      /reads not t 1, which is lost/,
    ],
    "C-71 a deletion that was given up, and comes late": [
      [one, deletes(5, { outcome: "unknown" }), reads(asPut(one), 8), two, reads(undefined, 20)],
      /reads not t 2, which is lost/,
    ],
    "C-20 a list that stops early": [[one, two, lists([asPut(two)], 15)], /lists not t 1/],
    "C-20 a list in another order": [[one, two, lists([asPut(one), asPut(two)], 15)], /lists t 1 before t 2/],
    "C-10 a latest that is not the last": [[one, two, reads(asPut(one), 15)], /reads t 1 as the latest, and t 2/],
    "C-26 a thread that is hidden while its deletion is refused": [
      [one, acquires("1", 2), deletes(5, { outcome: "refused", code: "HOLDFAST_THREAD_BUSY" }), listsThreads([], 5)],
      /t not among them/,
    ],
    "C-26 C-58 a copy that is not listed": [[one, copies(5), listsThreads(["t"], 10)], /u not among them/],
    "C-26 a thread of nothing": [[one, deletes(5), listsThreads(["t"], 10)], /lists the thread t, of which nothing can be there/],
    "C-31 a put that is undone by an earlier one": [
      [one, put("1", 10, { values: { v: 2 } }), reads(asPut(one), 20)],
      /as it was before it was put again/,
    ],
    "C-31 what was pruned, again": [
      [one, two, prunes(1, 15), lists([asPut(two)], 20), lists([asPut(two), asPut(one)], 30)],
      /lists t 1 again, which was gone/,
    ],
    "C-35 a checkpoint with another's values": [
      [one, reads({ ...asPut(one), values: two.values }, 5)],
      /otherwise than it was put/,
    ],
    "C-35 a checkpoint on another's parent": [[one, two, reads({ ...asPut(two), parent: "0" }, 15)], /otherwise than it was put/],
    "C-30 a checkpoint that nobody put": [[reads(asPut(one), 5)], /which nobody has put/],
    "C-91 a checkpoint that was refused": [
      [one, acquires("1", 2), { ...two, outcome: "refused", code: "HOLDFAST_THREAD_BUSY" }, reads(asPut(two), 20)],
      /reads t 2, which nobody has put, or whose put was refused/,
    ],
    "C-40 a write that is lost": [[one, write("1", "c", "v", 2), reads(asPut(one), 5)], /the write of task to c not/],
    "C-41 an ordinary write that is replaced": [
      [one, write("1", "c", "v", 2), write("1", "c", "w", 4), reads(asPut(one, ["task", "c", "w"]), 6)],
      /to c replaced/,
    ],
    "C-41 a special write that an earlier one replaces": [
      [
        one,
        write("1", "__resume__", "v", 2),
        write("1", "__resume__", "w", 4),
        reads(asPut(one, ["task", "__resume__", "v"]), 6),
      ],
      /as it was before it was replaced/,
    ],
    "C-41 a write twice": [[one, write("1", "c", "v", 2), reads(asPut(one, ["task", "c", "v"], ["task", "c", "v"]), 6)], /twice/],
    "C-41 a write that nobody made": [[one, reads(asPut(one, ["task", "c", "v"]), 6)], /that nobody wrote/],
    "C-51 a thread that comes back": [[one, deletes(5), reads(asPut(one), 10)], /reads t 1, resurrected/],
    "C-51 a run that goes on in a deleted thread": [
      [one, deletes(5), two, reads(asPut(two), 15)],
      /the put of t 2 by a was acknowledged, after/,
    ],
    "C-51 a subgraph that brings its thread back": [
      [one, deletes(5), sub, lists([asPut(sub)], 15)],
      /lists t\/sub s, resurrected/,
    ],
    "C-51 rows of a deleted thread": [[one, deletes(5), underneath(2, [], 10)], /lie 2 rows/],
    "C-51 a refusal without a deletion": [
      [one, { ...two, outcome: "refused", code: "HOLDFAST_THREAD_DELETED" }],
      /HOLDFAST_THREAD_DELETED by a put of t, without a deletion/,
    ],
    "C-53 an orphan": [[one, underneath(2, ["segment 7"], 10)], /what nothing needs: segment 7/],
    "C-55 a run that was deleted": [[one, deletesRuns(["r"], 5), reads(asPut(one), 10)], /had deleted its run r/],
    "C-55 a deletion of runs that stops at a deleted thread": [
      [one, deletesRuns(["r"], 5, { outcome: "refused", code: "HOLDFAST_THREAD_NOT_FOUND" })],
      /by a deletion of runs/,
    ],
    "C-58 half a copy": [[one, two, copies(15), lists([{ ...asPut(two), thread: "u" }], 20, "u")], /lists not u 1/],
    "C-59 a copy onto a thread": [[one, put("1", 0, { thread: "u" }), copies(5)], /onto u, which has u 1/],
    "C-71 a process that ended": [[], /ended by itself: b/],
    "C-72 a deletion that comes later than it was given up, to another thread": [
      [one, deletes(5, { ...gaveUp, to: 9 }), put("4", 10), reads(undefined, 20)],
      /reads not t 4, which is lost/,
    ],
    "C-31 a put that was given up, and undoes a later one of its process": [
      [one, put("1", 10, gaveUp), put("1", 20, { values: { v: 2 } }), reads(asPut(put("1", 10)), 30)],
      /as it was before it was put again/,
    ],
    "C-90 a token twice": [[acquires("1", 0), acquires("1", 200)], /token 1 was granted twice/],
    "C-90 two leases at once": [[acquires("1", 0), acquires("2", 20)], /token 2 was granted to a while a had token 1/],
    "C-91 a write past a lease": [
      [one, acquires("1", 2), acquires("2", 150), put("2", 160, { token: "1" })],
      /under token 1 after token 2/,
    ],
    "C-99 a write of an overtaken run": [
      [one, acquires("1", 2), acquires("2", 5, { interrupts: true }), put("2", 20, { token: "1" })],
      /under token 1 after token 2/,
    ],
    "C-91 a write without a lease": [[one, acquires("1", 2), two], /wrote t 2 without a lease while a had token 1/],
    "C-95 two runs from one head": [
      [one, two, put("3", 20, { parent: "1", head: { from: 5, to: 6 } })],
      /put t 3 on a head that was not the head any more: t 2/,
    ],
  };
  for (const [name, [operations, expected]] of Object.entries(wrong)) {
    it(name, () => {
      expect(check(operations, name.startsWith("C-71") ? { deaths: ["b"] } : {}).join("\n")).toMatch(expected);
    });
  }
});
