import { inspect } from "node:util";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { ChatPromptValue } from "@langchain/core/prompt_values";
import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import { decodeMetadata, encodeMetadata } from "../config/metadata.js";
import { isHoldfastError } from "../errors.js";
import { HoldfastSerializer } from "../serializer/index.js";

const MARKER = "m4rk3r-of-a-secret";

const serializer = new HoldfastSerializer();

/** All that an error says, its causes included. */
function printed(error: unknown): string {
  const parts: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause)
    parts.push(at.message, at.stack ?? "", String(at), JSON.stringify(at), inspect(at, { depth: 9, showHidden: true }));
  return parts.join("\n");
}

async function failure(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  return undefined;
}

async function expectSilent(run: () => unknown): Promise<boolean> {
  const error = await failure(run);
  if (error === undefined) return false;
  expect(isHoldfastError(error)).toBe(true);
  expect(printed(error)).not.toContain(MARKER);
  return true;
}

it.each<readonly [string, unknown]>([
  ["a function", () => MARKER],
  ["a symbol", Symbol(MARKER)],
  [
    "an instance",
    new (class Account {
      owner = MARKER;
    })(),
  ],
  [
    "a getter that throws it",
    {
      get x(): never {
        throw new Error(MARKER);
      },
    },
  ],
  [
    "a thrown text",
    {
      get x(): never {
        throw MARKER;
      },
    },
  ],
  [
    "a prompt with a lost argument",
    new ChatPromptValue([new HumanMessage({ content: MARKER, additional_kwargs: { at: new Date() } })]),
  ],
  ["a message with a function", new AIMessage({ content: MARKER, additional_kwargs: { f: () => 1 } as never })],
])("C-61 the refusal of %s says no value", async (_name, value) => {
  expect(await expectSilent(() => serializer.dump([MARKER, value], "state"))).toBe(true);
  expect(await expectSilent(() => encodeMetadata({ note: MARKER, value } as never))).toBe(true);
});

it("C-62 damaged data is refused without a word of it, wherever it is cut or changed", async () => {
  const value = {
    note: MARKER,
    list: [
      new HumanMessage(MARKER),
      new Map([[MARKER, 1n]]),
      new ChatPromptValue([new AIMessage(MARKER)]),
      new URL(`https://${MARKER}`),
      /x/g,
    ],
  };
  const official = new MemorySaver().serde;
  let refused = 0;
  for (const [type, bytes] of [serializer.dump(value, "state"), await official.dumpsTyped(value)] as const) {
    const text = Buffer.from(bytes).toString();
    for (let i = 0; i < text.length; i += 1) {
      const [start, end] = [text.slice(0, i), text.slice(i + 1)];
      for (const changed of [start, `${start}"${end}`, `${start}{${end}`, `${start}x${end}`]) {
        if (await expectSilent(() => serializer.loadsTyped(type, changed))) refused += 1;
      }
    }
  }
  expect(refused).toBeGreaterThan(1_000);
  expect(await expectSilent(() => serializer.loadsTyped(MARKER, "1"))).toBe(true);
});

it("C-62 planted records are refused without a word of them", async () => {
  const planted = [
    { "~": MARKER },
    { "~": "Date", v: { [MARKER]: MARKER } },
    { "~": "Date", v: 5, w: MARKER },
    { "~": "bigint", v: MARKER },
    { "~": "URL", v: MARKER },
    { "~": "RegExp", s: `(${MARKER}`, f: "", i: 0 },
    { "~": "RegExp", s: "x", f: MARKER, i: 0 },
    { "~": "Error", c: MARKER, h: {}, p: {} },
    { "~": "msg", c: MARKER, k: {} },
    { "~": "msg", c: "AIMessage", k: MARKER },
    { "~": "lc", v: MARKER },
    { "~": "lc", v: JSON.stringify({ lc: 1, type: "constructor", id: ["langchain_core", MARKER], kwargs: { MARKER } }) },
    { "~": "Map", v: [MARKER] },
    { "~": "hole", n: MARKER },
    [{ "~": "hole", n: MARKER }],
  ];
  for (const json of planted)
    expect(await expectSilent(() => serializer.loadsTyped("hf1", JSON.stringify(json))), JSON.stringify(json)).toBe(true);
  for (const text of [MARKER, `{"a":${MARKER}`, `["${MARKER}"]`])
    expect(await expectSilent(() => decodeMetadata(text))).toBe(true);
});
