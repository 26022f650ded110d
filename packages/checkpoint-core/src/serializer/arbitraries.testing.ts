import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  ChatMessage,
  FunctionMessage,
  HumanMessage,
  HumanMessageChunk,
  RemoveMessage,
  SystemMessage,
  ToolMessage,
  ToolMessageChunk,
} from "@langchain/core/messages";
import { DeltaSnapshot } from "@langchain/langgraph-checkpoint";
import fc from "fast-check";

/** Any string: also NUL, lone surrogates and what looks like the format's own marks. */
export const anyText = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("~", "__proto__", "lc", "constructor", "toJSON", "hole", "", "0", "\u0000", "\ud800", "\udc00x"),
  },
  {
    weight: 1,
    arbitrary: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 }).map((units) => String.fromCharCode(...units)),
  },
);

function ownProperties(entries: readonly (readonly [string, unknown])[], prototype: object | null): object {
  const object: object = Object.create(prototype);
  for (const [key, value] of entries)
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  return object;
}

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  anyText,
  fc.double(),
  fc.integer(),
  fc.constantFrom<unknown>(null, undefined, true, false, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 9 }),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => new Uint8Array(bytes).buffer),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => new DataView(new Uint8Array(bytes).buffer)),
  fc.float32Array({ maxLength: 4 }),
  fc.bigInt64Array({ maxLength: 4 }),
  fc.int16Array({ maxLength: 4 }),
  fc.webUrl().map((url) => new URL(url)),
  fc
    .tuple(fc.constantFrom("a", "", '[/"]\\d', "~"), fc.constantFrom("", "g", "giu", "y"), fc.nat(9))
    .map(([source, flags, lastIndex]) => {
      const expression = new RegExp(source, flags);
      expression.lastIndex = lastIndex;
      return expression;
    }),
);

const { value } = fc.letrec<{ value: unknown }>((tie) => {
  const inner = tie("value");
  const entries = fc.array(fc.tuple(anyText, inner), { maxLength: 4 });
  return {
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 4, arbitrary: leaf },
      { weight: 2, arbitrary: fc.array(inner, { maxLength: 4 }) },
      { weight: 2, arbitrary: entries.map((list) => ownProperties(list, Object.prototype)) },
      { weight: 1, arbitrary: entries.map((list) => ownProperties(list, null)) },
      { weight: 1, arbitrary: fc.sparseArray(inner, { maxLength: 6, maxNumElements: 3 }) },
      { weight: 1, arbitrary: fc.array(fc.tuple(inner, inner), { maxLength: 3 }).map((list) => new Map(list)) },
      { weight: 1, arbitrary: fc.array(inner, { maxLength: 3 }).map((list) => new Set(list)) },
      { weight: 1, arbitrary: inner.map((it) => new DeltaSnapshot(it)) },
      { weight: 1, arbitrary: fc.tuple(anyText, inner).map(([message, cause]) => new TypeError(message, { cause })) },
      {
        weight: 1,
        arbitrary: fc.tuple(inner, inner).map(([code, it]) => Object.assign(new AggregateError([it], "many"), { code })),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(anyText, inner)
          .map(([text, artifact]) => new ToolMessage({ content: text, tool_call_id: "call", artifact })),
      },
    ),
  };
});

/** Values of every kind that the serializer keeps, nested in each other. */
export const anyValue: fc.Arbitrary<unknown> = value;

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
const jsonObject = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 6 }).filter((key) => key !== "__proto__"),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 3, noNullPrototype: true },
);
const toolCall = fc.record({ name: fc.string(), args: jsonObject, id: fc.string(), type: fc.constant("tool_call" as const) });
const content = fc.oneof(
  fc.string(),
  fc.array(fc.record({ type: fc.constant("text" as const), text: fc.string() }), { maxLength: 3 }),
);
const fields = fc.record({
  content,
  id: optional(fc.uuid()),
  name: optional(fc.string()),
  additional_kwargs: jsonObject,
  response_metadata: jsonObject,
});
const usage = fc.record({ input_tokens: fc.nat(), output_tokens: fc.nat(), total_tokens: fc.nat() });
const chunk = fc.record({
  name: fc.string(),
  args: fc.constantFrom('{"a":1}', '{"a"', ""),
  id: fc.string(),
  index: fc.nat(2),
  type: fc.constant("tool_call_chunk" as const),
});

/** Messages as models and nodes make them, with JSON contents only, so that the official serializer keeps them too. */
export const anyMessage: fc.Arbitrary<BaseMessage> = fc.oneof(
  fields.map((it) => new HumanMessage(it as never)),
  fields.map((it) => new HumanMessageChunk(it as never)),
  fields.map((it) => new SystemMessage(it as never)),
  fc
    .tuple(fields, fc.array(toolCall, { maxLength: 2 }), optional(usage))
    .map(([it, tool_calls, usage_metadata]) => new AIMessage({ ...it, tool_calls, usage_metadata } as never)),
  fc.tuple(fields, fc.array(toolCall, { maxLength: 2 })).map(
    ([it, tool_calls]) =>
      new AIMessage({
        ...it,
        content: [{ type: "text", text: "hi" }],
        tool_calls,
        response_metadata: { output_version: "v1" },
      } as never),
  ),
  fc
    .tuple(fields, fc.array(chunk, { maxLength: 2 }), optional(usage))
    .map(([it, tool_call_chunks, usage_metadata]) => new AIMessageChunk({ ...it, tool_call_chunks, usage_metadata } as never)),
  fc
    .tuple(fields, fc.string(), fc.constantFrom("success", "error", undefined), jsonObject)
    .map(([it, tool_call_id, status, artifact]) => new ToolMessage({ ...it, tool_call_id, status, artifact } as never)),
  fc.tuple(fields, fc.string()).map(([it, tool_call_id]) => new ToolMessageChunk({ ...it, tool_call_id } as never)),
  fc.tuple(fields, fc.string()).map(([it, role]) => new ChatMessage({ ...it, role } as never)),
  fc.tuple(fields, fc.string()).map(([it, name]) => new FunctionMessage({ ...it, name } as never)),
  fc.uuid().map((id) => new RemoveMessage({ id })),
);
