import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { expect, it } from "vitest";
import { InvalidOptionsError, type SerializationError } from "../errors.js";
import { HoldfastSerializer } from "./index.js";
import { ValueSerializer } from "./value-serializer.js";

class Client {
  readonly key = "secret";
}
const cyclic: Record<string, unknown> = { kept: 1 };
cyclic.self = cyclic;

function dropping(): { serializer: HoldfastSerializer; dropped: SerializationError[] } {
  const dropped: SerializationError[] = [];
  return { serializer: new HoldfastSerializer({ onDropped: (refusal) => dropped.push(refusal) }), dropped };
}

const CASES: Readonly<Record<string, readonly [given: unknown, read: unknown, paths: readonly string[]]>> = {
  "a property": [{ a: 1, run: () => 1 }, { a: 1, run: undefined }, ["state.run"]],
  "an instance of a class, whole": [{ client: new Client(), a: [1] }, { client: undefined, a: [1] }, ["state.client"]],
  Headers: [{ headers: new Headers({ a: "b" }) }, { headers: undefined }, ["state.headers"]],
  "an item": [
    [1, Symbol("s"), [() => 1, 2]],
    [1, undefined, [undefined, 2]],
    ["state[1]", "state[2][0]"],
  ],
  "a value of a Map": [new Map([["a", () => 1]]), new Map([["a", undefined]]), ["state.entries[0].value"]],
  "a cycle, where it closes": [cyclic, { kept: 1, self: undefined }, ["state.self"]],
  everything: [() => 1, undefined, ["state"]],
  "what a getter throws for": [
    {
      a: {
        get b(): number {
          throw new Error("no");
        },
      },
      c: 1,
    },
    { a: undefined, c: 1 },
    ["state.a.b"],
  ],
  "nothing of what can be stored": [{ a: new Date(0), b: [NaN] }, { a: new Date(0), b: [NaN] }, []],
};

for (const [what, [given, read, paths]] of Object.entries(CASES)) {
  it(`C-61 with onDropped, ${what} is dropped, and told`, async () => {
    const { serializer, dropped } = dropping();
    expect(await serializer.loadsTyped(...serializer.dump(given, "state"))).toStrictEqual(read);
    expect(dropped.map(({ path }) => path)).toEqual(paths);
    for (const refusal of dropped) expect(refusal).toMatchObject({ code: "HOLDFAST_SERIALIZATION" });
  });
}

it("C-61 with onDropped, messages keep all but what is dropped of them", async () => {
  const { serializer, dropped } = dropping();
  const message = new AIMessage({ id: "1", content: "hi", additional_kwargs: { fn: () => 1, kept: 2 } });
  const [read] = (await serializer.loadsTyped(...serializer.dump([message], "messages"))) as AIMessage[];
  expect(read).toMatchObject({ id: "1", content: "hi", additional_kwargs: { kept: 2 } });
  expect(dropped.map(({ path }) => path)).toEqual(["messages[0].additional_kwargs.fn"]);
});

it("C-61 with onDropped, a value that follows another of its channel is encoded as if it were the first", async () => {
  const { serializer: lenient, dropped } = dropping();
  const limits = { maxValueBytes: 1_000_000, maxPutBytes: 1_000_000 };
  const values = new ValueSerializer(lenient, limits, 1_000_000);
  const first = [new HumanMessage({ id: "1", content: "a", additional_kwargs: { fn: () => 1 } })];
  const second = [...first, new HumanMessage({ id: "2", content: "b" })];
  const before = await values.dumpAfter(undefined, first, "messages");
  const after = await values.dumpAfter(before, second, "messages");
  expect(after.bytes.toBuffer()).toEqual((await values.dump(second, "messages")).bytes.toBuffer());
  expect(new Set(dropped.map(({ path }) => path))).toEqual(new Set(["messages[0].additional_kwargs.fn"]));
});

it("C-61 what onDropped throws fails the call, and what is no function is refused", () => {
  const failing = new HoldfastSerializer({
    onDropped: (refusal) => {
      throw refusal;
    },
  });
  expect(() => failing.dump({ run: () => 1 }, "state")).toThrow("state.run");
  expect(() => new HoldfastSerializer({ onDropped: true as never })).toThrow(InvalidOptionsError);
});
