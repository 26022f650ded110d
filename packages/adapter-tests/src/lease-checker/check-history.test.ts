import { describe, expect, it } from "vitest";
import { violationsOf } from "./check-history.js";
import { type Fault, Link, MemoryLeases } from "./faulty-leases.testing.js";
import type { Acquire, Append, History, Operation, Release } from "./history.js";
import { RecordingClient } from "./recording-client.js";

const SHORT = { ttlMs: 60, waitMs: 0 };
const LONG = { ttlMs: 10_000, waitMs: 5_000 };
const AT_ONCE = { ttlMs: 10_000, waitMs: 0 };

/** The same moves on any store: one client stalls in a write, then in a release; one has a clock that is ahead. */
async function play(fault?: Fault): Promise<string[]> {
  const store = new MemoryLeases(fault);
  const operations = new Map<string, Operation>();
  const clientOn = (name: string, link: Link) => new RecordingClient(name, link, (id, each) => void operations.set(id, each));
  const link = new Link(store);
  const stalling = clientOn("the one that stalls", link);
  const other = clientOn("the other", new Link(store));
  const ahead = clientOn("the one ahead", new Link(store, 1));

  const first = await stalling.acquire("list", SHORT);
  link.hold();
  const late = first && stalling.append("list", first);
  const second = await other.acquire("list", LONG);
  if (second) await other.append("list", second);
  link.letGo();
  await late;
  // It does not know of the other one yet.
  if (first) await stalling.append("list", first);
  if (second) await other.release("list", second);

  const third = await stalling.acquire("list", SHORT);
  link.hold();
  const lateRelease = third && stalling.release("list", third);
  const fourth = await other.acquire("list", LONG);
  link.letGo();
  await lateRelease;
  const fifth = await stalling.acquire("list", AT_ONCE);
  if (fifth) await stalling.append("list", fifth);
  if (fourth) await other.append("list", fourth);
  if (fourth) await other.release("list", fourth);
  if (fifth) await stalling.release("list", fifth);

  const sixth = await other.acquire("list", LONG);
  const seventh = await ahead.acquire("list", AT_ONCE);
  if (seventh) await ahead.append("list", seventh);
  if (sixth) await other.append("list", sixth);
  for (const lease of [first, second, third, fourth, fifth, sixth, seventh]) lease?.leave();
  return violationsOf({ operations: [...operations.values()], cuts: [], patienceMs: 10_000, lists: { list: store.list } });
}

describe("the checker of leases, on a store in memory", () => {
  it("C-90 C-91 finds nothing on one that is right", async () => {
    expect(await play()).toEqual([]);
  });

  it("C-91 finds the writes of a store without a fence", async () => {
    const violations = await play("no fence");
    expect(violations).toContainEqual(expect.stringMatching(/the one that stalls wrote .* under token 1 after token 2/));
    expect(violations).toContainEqual(expect.stringMatching(/which the other wrote under token 2, is lost/));
  });

  it("C-90 finds the leases of a store that believes its clients' clocks", async () => {
    expect(await play("client clock")).toContainEqual(
      expect.stringMatching(/was granted to the one ahead while the other had token/),
    );
  });

  it("C-90 finds the leases of a store that releases without comparing", async () => {
    expect(await play("release without compare")).toContainEqual(
      expect.stringMatching(/was granted to the one that stalls while the other had token/),
    );
  });
});

describe("the checker of leases, on histories", () => {
  const base = { client: "a", thread: "list", outcome: "ok" } as const;
  const acquire = (token: string, from: number, to: number, more: Partial<Acquire> = {}): Acquire => ({
    ...base,
    kind: "acquire",
    ttlMs: 10,
    token,
    from,
    to,
    ...more,
  });
  const append = (value: string, token: string, from: number, more: Partial<Append> = {}): Append => ({
    ...base,
    kind: "append",
    value,
    token,
    from,
    to: from + 1,
    ...more,
  });
  const release = (token: string, from: number): Release => ({ ...base, kind: "release", token, from, to: from + 1 });
  const check = (operations: Operation[], list: string[], cuts: History["cuts"] = []): string[] =>
    violationsOf({ operations, cuts, patienceMs: 100, lists: { list } });

  const well = [acquire("1", 0, 1), append("x", "1", 2), release("1", 4), acquire("2", 5, 6), append("y", "2", 7)];

  it("C-90 a history that is well", () => {
    expect(check(well, ["x", "y"])).toEqual([]);
  });

  it("C-91 what nobody knows may be there or not; what was refused may, if it may have been tried again", () => {
    const unknown = append("z", "2", 9, { outcome: "unknown" });
    const refused = append("z", "2", 9, { outcome: "refused" });
    expect(check([...well, unknown], ["x", "y"])).toEqual([]);
    expect(check([...well, unknown], ["x", "y", "z"])).toEqual([]);
    expect(check([...well, refused], ["x", "y"])).toEqual([]);
    expect(check([...well, refused], ["x", "y", "z"], [{ client: "a", from: 9.5, to: 9.5 }])).toEqual([]);
    expect(check([...well, refused], ["x", "y", "z"], [{ client: "b", from: 9.5, to: 9.5 }])).toHaveLength(1);
    expect(check([...well, refused], ["x", "y", "z"], [{ from: 9.5, to: 9.5 }]), "cuts of all clients").toEqual([]);
    expect(check([...well, { ...refused, to: 109 }], ["x", "y", "z"])).toEqual([]);
  });

  const wrong: Readonly<Record<string, [Operation[], string[], RegExp]>> = {
    "a token that was granted before": [[...well, acquire("2", 30, 31)], ["x", "y"], /twice/],
    "a token that is lower": [[...well, acquire("1", 30, 31)], ["x", "y"], /after token 2/],
    "two leases at once": [[...well, acquire("3", 7, 8)], ["x", "y"], /token 3 was granted to a while a had token 2/],
    "a write under an earlier lease": [
      [...well, acquire("3", 20, 21), append("z", "2", 22)],
      ["x", "y", "z"],
      /under token 2 after token 3/,
    ],
    "a write that is lost": [well, ["x"], /y.* is lost/],
    "a write that is there twice": [well, ["x", "y", "y"], /twice/],
    "a write that nobody made": [well, ["x", "y", "w"], /nobody/],
    "writes in another order than the leases": [well, ["y", "x"], /x of token 1 stands behind y/],
    "a refused write that is there": [[...well, append("z", "2", 9, { outcome: "refused" })], ["x", "y", "z"], /refused/],
  };
  for (const [name, [operations, list, expected]] of Object.entries(wrong)) {
    it(`C-91 finds ${name}`, () => {
      expect(check(operations, list).join("\n")).toMatch(expected);
    });
  }
});
