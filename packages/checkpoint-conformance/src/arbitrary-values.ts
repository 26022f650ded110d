import {
  AIMessage,
  type AIMessageFields,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import fc from "fast-check";

/** Any JSON. */
export const jsonArbitrary: fc.Arbitrary<unknown> = fc.jsonValue({ maxDepth: 4 });

const text = fc.string({ unit: "binary" });
const bytes = fc.uint8Array({ maxLength: 40 });

/** What fast-check makes of itself: primitives, dates, maps, sets, typed arrays, sparse arrays, objects without prototype, any key. */
const common = fc.anything({
  maxDepth: 3,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withNullPrototype: true,
  withSparseArray: true,
  stringUnit: "binary",
  key: text,
});

const url = fc.webUrl({ withFragments: true, withQueryParameters: true }).map((each) => new URL(each));

const regExp = fc
  .tuple(fc.constantFrom("a", "[b/]", "(?:c|\\/)+", "\\u{1f600}", "^$"), fc.subarray(["g", "i", "m", "s", "u", "y"]), fc.nat(9))
  .map(([source, flags, lastIndex]) => Object.assign(new RegExp(source, flags.join("")), { lastIndex }));

const errorKinds = [Error, TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError];

const error = fc
  .record({
    Kind: fc.constantFrom(...errorKinds),
    message: text,
    cause: fc.option(common, { nil: undefined }),
    code: fc.option(fc.constantFrom("ECONNRESET", "E1"), { nil: undefined }),
  })
  .map(({ Kind, message, cause, code }) => {
    const made = cause === undefined ? new Kind(message) : new Kind(message, { cause });
    return code === undefined ? made : Object.assign(made, { code });
  });

/** The kinds that it does not make. */
const others: fc.Arbitrary<unknown> = fc.oneof(
  url,
  regExp,
  error,
  fc.tuple(fc.array(error, { maxLength: 3 }), text).map(([errors, message]) => new AggregateError(errors, message)),
  bytes.map((each) => each.slice().buffer),
  bytes.map((each) => new DataView(each.slice().buffer)),
  bytes.map((each) => Buffer.from(each)),
);

const inContainers = (leaf: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    leaf,
    fc.array(leaf, { maxLength: 3 }),
    fc.dictionary(text, leaf, { maxKeys: 3, noNullPrototype: true }),
    fc.array(fc.tuple(text, leaf), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(leaf, { maxLength: 3 }).map((items) => new Set(items)),
  );

/** Any value of the kinds of C-60, but for LangChain's objects. */
export const richArbitrary: fc.Arbitrary<unknown> = fc.oneof(common, inContainers(fc.oneof(others, common)));

const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3, noNullPrototype: true });
const id = fc.uuid();
const content = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.array(
    fc.oneof(
      fc.record({ type: fc.constant("text" as const), text: fc.string({ unit: "grapheme" }) }),
      fc.record({ type: fc.constant("image_url" as const), image_url: fc.record({ url: fc.webUrl() }) }),
    ),
    { maxLength: 3 },
  ),
);
const toolCall = fc.record({ id: fc.uuid(), name: fc.string(), args: json, type: fc.constant("tool_call" as const) });

const message: fc.Arbitrary<BaseMessage> = fc.oneof(
  fc
    .record({ id, content, name: fc.constantFrom("ann", "bob"), additional_kwargs: json })
    .map((fields) => new HumanMessage(fields)),
  fc.record({ id, content: fc.string() }).map((fields) => new SystemMessage(fields)),
  fc
    .record({
      id,
      content,
      tool_calls: fc.array(toolCall, { maxLength: 3 }),
      response_metadata: json,
      usage_metadata: fc.record({ input_tokens: fc.nat(), output_tokens: fc.nat(), total_tokens: fc.nat() }),
    })
    // Its types know a usage only of messages from a provider.
    .map((fields) => new AIMessage(fields as unknown as AIMessageFields)),
  fc
    .record({
      id,
      content: fc.string(),
      tool_call_id: fc.uuid(),
      name: fc.string(),
      artifact: fc.jsonValue({ maxDepth: 2 }),
      status: fc.constantFrom("success" as const, "error" as const),
    })
    .map((fields) => new ToolMessage(fields)),
);

/** Conversations of LangChain's messages, as `MessagesAnnotation` holds them, also deep in other values. */
export const messagesArbitrary: fc.Arbitrary<unknown> = inContainers(fc.array(message, { minLength: 1, maxLength: 6 }));
