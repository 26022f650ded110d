import { describe, expect, it } from "vitest";
import { at } from "../by-hand.testing.js";
import { nodesOf, questionsOf, type Turn } from "../graph.js";
import type { GraphCall, GraphValues, Operation, Put, Read, State, Write } from "../history.js";
import { violationsOf } from "../judge.js";

const turnOf = (mark: string, asks = 0, pieces = 1): Turn => ({ mark, asks, pieces });

/** What a whole turn says after what was said before; `end` says how long that is. */
function said(turn: Turn, before: readonly string[] = [], answers = "r"): string[] {
  const all = [...before];
  for (const node of nodesOf(turn)) {
    const told = Array.from({ length: questionsOf(turn, node) }, (_, n) => {
      const question = `${turn.mark}?${node}?${n}`;
      return `${question}=${answers}`;
    });
    all.push([turn.mark, node, ...told, ...(node === "end" ? [all.length, all.length] : [])].join("|"));
  }
  return all;
}

const call = (mark: string, from: number, to: number, more: Partial<GraphCall> = {}): GraphCall => ({
  ...{ kind: "graph call", thread: "t", mark, how: "turn", ...at(from), to },
  ...more,
});

/** A checkpoint of the root graph. */
const put = (id: string, from: number, turn: Turn | undefined, log: readonly string[], more: Partial<Put> = {}): Put => ({
  ...{ kind: "put", thread: "t", namespace: "", id, parent: undefined, origins: {}, run: "r", ...at(from) },
  ...{ values: { log, ...(turn !== undefined && { turn }) }, ...(turn !== undefined && { call: turn.mark }) },
  ...more,
});

const state = (id: string, from: number, values: GraphValues, more: Partial<State> = {}): State => ({
  ...{ kind: "state", thread: "t", id, values, questions: [], ...at(from) },
  ...more,
});

const both = (turn: Turn | undefined, log: readonly string[], delta = log): GraphValues => ({
  log,
  delta,
  ...(turn !== undefined && { turn }),
});

const write = (id: string, from: number, mark: string, more: Partial<Write> = {}): Write => ({
  ...{ kind: "write", thread: "t", namespace: "", id, task: "task", writes: [["delta", [mark]]], run: "r", ...at(from) },
  ...{ call: mark, path: "" },
  ...more,
});

const check = (...operations: Operation[]): string => {
  const sorted = operations.toSorted((a, b) => a.from - b.from);
  return violationsOf({ operations: sorted, patienceMs: 50, disturbances: [], deaths: [] }).join("\n");
};

const [m, n] = [turnOf("m"), turnOf("n")];
const first = said(m);
const second = said(n, first);
/** A turn, another one on top of it. */
const conversation: Operation[] = [
  call("m", 0, 10, { values: both(m, first) }),
  put("1", 2, m, first),
  call("n", 20, 30, { values: both(n, second) }),
  put("2", 22, n, second, { parent: "1" }),
];
const asking = turnOf("m", 3);
const partly = ["m|plan"];
const asks = ["m?a?0", "m?b?0"];
const question = (node: string, n = 0): readonly [string, string] => [node, `m?${node}?${n}`];
const answered = said(asking);
const answers = Object.fromEntries(["a?0", "a?1", "b?0"].map((each) => [`m?${each}`, `m?${each}=r`]));
/** A turn that asks, and what is told. */
const interview: Operation[] = [
  call("m", 0, 10, { questions: asks }),
  put("1", 2, asking, partly),
  call("r", 20, 30, { how: "resume", answers, values: both(asking, answered) }),
  put("2", 22, asking, answered, { parent: "1", call: "r" }),
];

describe("C-15 C-35 C-44 C-51 the judge of histories finds nothing in graphs", () => {
  const right: Readonly<Record<string, Operation[]>> = {
    "C-15 C-35 in two turns": [...conversation, state("2", 40, both(n, second))],
    "C-15 in questions and their answers": [
      ...interview,
      state("1", 12, both(asking, partly), { questions: [question("a"), question("b")] }),
      state("2", 40, both(asking, answered)),
    ],
    "C-15 in what tasks have written on top of the latest checkpoint": [
      ...interview.slice(0, 2),
      state("1", 12, both(asking, ["m|plan", "m|piece 0"]), { questions: [question("a"), question("b")] }),
    ],
    "C-35 where a call is told to go on with what was deleted since": [
      call("m", 0, 10, { how: "go on", outcome: "unknown", code: "EmptyInputError: x" }),
      { kind: "delete", thread: "t", ...at(5) },
    ],
    "C-35 where two runs fork": [
      ...conversation,
      call("o", 20, 30, { values: both(turnOf("o"), said(turnOf("o"), first)) }),
      put("3", 23, turnOf("o"), said(turnOf("o"), first), { parent: "1" }),
    ],
    "C-35 in an update after what was left unfinished": [
      ...interview.slice(0, 2),
      call("u", 20, 30, { how: "update" }),
      put("2", 22, turnOf("u", 0, 0), ["m|plan", "m|piece 0", "u|update"], { parent: "1" }),
    ],
    "C-44 where two calls have written to one checkpoint at once": [
      ...conversation,
      write("1", 25, "o"),
      state("2", 40, both(n, second, [...second, "o"])),
    ],
    "C-42 in writes by path": [
      put("1", 0, undefined, []),
      write("1", 2, "m", { task: "2", path: "a" }),
      write("1", 4, "n", { task: "1", path: "b" }),
      reads("1", 10, ["2", "delta", ["m"]], ["1", "delta", ["n"]]),
    ],
    "C-51 in a call whose thread was deleted before it began": [
      put("0", 0, undefined, []),
      { kind: "delete", thread: "t", ...at(5) },
      call("m", 10, 20, { values: both(m, first) }),
      put("1", 12, m, first),
    ],
  };
  for (const [name, operations] of Object.entries(right)) {
    it(name, () => {
      expect(check(...operations)).toBe("");
    });
  }
});

describe("C-15 C-35 C-44 C-51 the judge of histories finds in graphs", () => {
  const wrong: Readonly<Record<string, [Operation[], RegExp]>> = {
    "C-35 a turn that was lost": [
      [...conversation.slice(0, 3), put("2", 22, n, said(n), { parent: "1" })],
      /does not go on from/,
    ],
    "C-35 what another branch says": [
      [...conversation.slice(0, 3), put("2", 22, n, [...first, "o|plan", "n|plan"], { parent: "1" })],
      /says what is not of turn n/,
    ],
    "C-35 an entry twice": [[call("m", 0, 10), put("1", 2, m, ["m|plan", "m|plan"])], /says something twice/],
    "C-35 a whole turn in another order": [
      [call("m", 0, 10), put("1", 2, m, ["m|plan", "m|b", "m|a", "m|inner", "m|keeper", "m|piece 0", "m|end|6|6"])],
      /is not as its turn/,
    ],
    "C-35 a run that has read less": [
      [call("m", 0, 10), put("1", 2, m, [...first.slice(0, -1), "m|end|5|6"])],
      /has read another log/,
    ],
    "C-44 a run that has read less of a delta channel": [
      [call("m", 0, 10), put("1", 2, m, [...first.slice(0, -1), "m|end|6|5"])],
      /has read another delta channel/,
    ],
    "C-15 a question without an answer": [
      [...interview.slice(0, 3), put("2", 22, asking, ["m|plan", "m|a"], { parent: "1", call: "r" })],
      /a has 0 answers to 2 questions/,
    ],
    "C-15 the answer to another question": [
      [...interview.slice(0, 3), put("2", 22, asking, ["m|plan", "m|b|m?a?0=r"], { parent: "1", call: "r" })],
      /b has the answer to m\?a\?0/,
    ],
    "C-15 an answer that nobody gave": [
      [...interview.slice(0, 3), put("2", 22, asking, ["m|plan", "m|b|m?b?0=x"], { parent: "1", call: "r" })],
      /b has an answer that nobody gave/,
    ],
    "C-15 a state that is not what was put": [[...conversation, state("2", 40, both(n, first))], /a sees \[m.plan/],
    "C-44 a delta channel in another order": [
      [...conversation, state("2", 40, both(n, second, second.toReversed()))],
      /a delta channel with/,
    ],
    "C-15 a call that returned what another run put": [
      [call("m", 0, 10, { values: both(m, first) }), put("1", 2, m, ["m|plan"])],
      /m returned .* and put/,
    ],
    "C-15 a call that returned other deltas than are read": [
      [call("m", 0, 10, { values: both(m, first, []) }), put("1", 2, m, first), state("1", 20, both(m, first))],
      /m returned , and a sees m/,
    ],
    "C-30 a turn of which nothing was put": [[call("m", 0, 10, { values: both(m, first) })], /nothing of it was put/],
    "C-15 a question that is forgotten": [
      [...interview.slice(0, 2), state("1", 12, both(asking, partly), { questions: [question("a")] })],
      /m asks .* and a sees that m\?a\?0 is asked/,
    ],
    "C-15 questions that have changed places": [
      [
        ...interview.slice(0, 2),
        state("1", 12, both(asking, partly), {
          questions: [
            ["a", "m?b?0"],
            ["b", "m?a?0"],
          ],
        }),
      ],
      /that a asks m\?b\?0/,
    ],
    "C-42 writes in another order": [
      [
        put("1", 0, undefined, []),
        write("1", 2, "m", { task: "2", path: "a" }),
        write("1", 4, "n", { task: "1", path: "b" }),
        reads("1", 10, ["1", "delta", ["n"]], ["2", "delta", ["m"]]),
      ],
      /a write of b before one of a/,
    ],
    "C-51 a subgraph that brings its thread back on a checkpoint that was never stored": [
      [
        put("0", 0, undefined, []),
        call("m", 4, 20),
        reads("0", 5, [], "m"),
        { kind: "delete", thread: "t", ...at(7) },
        put("k", 10, m, [], { namespace: "keeper", origins: { "": "9" } }),
      ],
      /by m was acknowledged, after a deleted its thread/,
    ],
    "C-35 a call that finds nothing to go on with, in a thread that nobody deleted": [
      [call("m", 0, 10, { how: "go on", outcome: "unknown", code: "EmptyInputError: x" })],
      /was told EmptyInputError: x by a graph call of t, without a deletion/,
    ],
    "C-71 an error that is none of the saver's": [
      [call("m", 0, 10, { outcome: "unknown", code: "TypeError: x" })],
      /was told TypeError: x by a graph call/,
    ],
  };
  for (const [name, [operations, expected]] of Object.entries(wrong)) {
    it(name, () => {
      expect(check(...operations)).toMatch(expected);
    });
  }
});

/** A look at a checkpoint without values, of a call or of none. */
function reads(id: string, from: number, ...[more, ...others]: [unknown, ...unknown[]]): Read {
  const mark = typeof others[0] === "string" ? { call: others[0] } : {};
  const writes = ([more, ...others] as readonly unknown[]).filter(
    (each): each is readonly [string, string, unknown] => Array.isArray(each) && each.length === 3,
  );
  const seen = { thread: "t", namespace: "", id, parent: undefined, origins: {}, values: { log: [] }, writes };
  return { kind: "read", thread: "t", namespace: "", ...at(from), seen, ...mark };
}
