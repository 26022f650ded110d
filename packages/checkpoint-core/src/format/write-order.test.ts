import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callRanks, importedPath, type PlacedWrite, taskOrder } from "./write-order.js";

const call = (process: number, number: number): bigint => (BigInt(process) << 32n) + BigInt(number);
/** The ranks of calls that arrive one after the other. */
const ranksOf = (arrived: readonly bigint[], first = 0n): ReadonlyMap<bigint, number> =>
  callRanks(new Map(arrived.map((each, n) => [each, first + BigInt(n)])));

describe("C-42 the order of calls", () => {
  it("is that of one process, however its writes arrive", () => {
    const calls = [1, 2, 3, 4, 5].map((number) => call(7, number));
    fc.assert(
      fc.property(fc.shuffledSubarray(calls, { minLength: calls.length }), (arrived) => {
        const ranks = ranksOf(arrived);
        expect(calls.map((each) => ranks.get(each))).toEqual([0, 1, 2, 3, 4]);
      }),
      { seed: 42 },
    );
  });

  it("is that of arrival where the calls of each process arrive in order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 12 }), (processes) => {
        const arrived = processes.map(call);
        const ranks = ranksOf(arrived);
        expect(arrived.map((each) => ranks.get(each))).toEqual(arrived.map((_, n) => n));
      }),
      { seed: 42 },
    );
  });

  it("mends the order of one process and leaves the places of another alone", () => {
    const ranks = ranksOf([call(1, 2), call(2, 1), call(1, 1), call(2, 2)]);
    expect([call(1, 1), call(2, 1), call(1, 2), call(2, 2)].map((each) => ranks.get(each))).toEqual([0, 1, 2, 3]);
  });

  it("tells arrivals above 2^53 apart", () => {
    const arrived = [call(3, 1), call(1, 1), call(2, 1)];
    const ranks = ranksOf(arrived, 2n ** 53n);
    expect(arrived.map((each) => ranks.get(each))).toEqual([0, 1, 2]);
  });
});

describe("C-44 the order of tasks", () => {
  const write = (taskId: string, taskPath?: string, index = 0): PlacedWrite => ({
    taskId,
    index,
    place: taskPath === undefined ? { call: call(1, 1) } : { taskPath },
  });
  const tasks = (writes: readonly PlacedWrite[]): string[] => [...writes].sort(taskOrder(writes)).map(({ taskId }) => taskId);

  it("is path, task and index, by code point; no path counts as the empty one", () => {
    const writes = [
      write("1", "~\u{1f600}"),
      write("2", "~\ufb00"),
      write("4", "~b"),
      write("3", "~b"),
      write("z"),
      write("y", ""),
      write("x"),
    ];
    expect(tasks(writes)).toEqual(["x", "y", "z", "3", "4", "2", "1"]);
  });

  it("keeps the place of an imported task that goes on with its real path", () => {
    const [first, asked, last, added] = ["1", "2", "3", "4"].map((n) => `${n.repeat(8)}-0000-5000-8000-00000000000${n}`) as [
      string,
      string,
      string,
      string,
    ];
    const askedAtExit = `00000007${asked.slice(8)}`;
    const none = "00000000-0000-0000-0000-000000000000";
    const writes = [
      write(first, importedPath(0)),
      write(asked, importedPath(1), -3),
      write(last, importedPath(2)),
      write(added, "~__pregel_pull, a"),
      write(asked, "~__pregel_pull, z"),
      write(askedAtExit, "~__pregel_pull, z"),
      write(none, ""),
    ];
    expect(tasks(writes)).toEqual([none, first, askedAtExit, asked, asked, last, added]);
  });
});
