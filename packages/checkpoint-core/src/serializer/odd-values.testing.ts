import { runInNewContext } from "node:vm";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { anyText, anyValue } from "./arbitraries.testing.js";

/** Stands in every value that may be refused, and must stand in no error. Short: a message may quote a few characters. */
export const MARKER = "m4rk3r";

/** Of another realm: its prototypes are not ours. */
const FOREIGN: readonly string[] = [
  "({ a: MARKER, b: [MARKER] })",
  "[MARKER, , [MARKER]]",
  "new Map([[MARKER, new Set([MARKER])]])",
  "new Date(5)",
  "new TypeError(MARKER, { cause: { MARKER } })",
  "new Uint8Array([1, 2, 3])",
  "Object.create(null, { a: { value: MARKER, enumerable: true } })",
  "Object.create({ inherited: MARKER })",
  "new Proxy({ a: MARKER }, {})",
  "new (class Account { owner = MARKER })()",
  "({ lc_serializable: true, lc_id: ['langchain_core', 'messages', 'SystemMessage'], lc_kwargs: { content: MARKER }, content: MARKER })",
  "({ lg_name: 'Command', update: { a: MARKER } })",
  "Promise.resolve(MARKER)",
  "Symbol(MARKER)",
  "(() => MARKER)",
  "new (class Map extends globalThis.Map {})([[MARKER, 1]])",
  "Object.assign([MARKER], { extra: MARKER })",
];

function throwing(what: unknown): never {
  throw what;
}

type Trap = "get" | "ownKeys" | "getPrototypeOf" | "getOwnPropertyDescriptor" | "has";
const TRAPS: readonly Trap[] = ["get", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor", "has"];

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({ a: MARKER }, {});
  revoke();
  return proxy;
}

const proxyTargets = fc.constantFrom<() => object>(
  () => ({ a: MARKER }),
  () => [MARKER, 1],
  () => new Map([[MARKER, 1]]),
  () => new Date(0),
  () => new HumanMessage({ content: MARKER, id: "1" }),
  () => new Error(MARKER),
  () => () => MARKER,
);

/** fast-check looks into what it generates, which not every value survives: so values are made when they are used. */
export type Make = () => unknown;

function later<T>(arbitrary: fc.Arbitrary<T>, make: (drawn: T) => unknown): fc.Arbitrary<Make> {
  return arbitrary.map((drawn) => () => make(drawn));
}

/** Thrown by a getter or a trap; what it says is a value. */
const thrown = fc.constantFrom<Make>(
  () => new Error(MARKER),
  () => MARKER,
  () => undefined,
  () => ({ message: MARKER }),
);

/** What looks like one thing and is another, throws when it is looked at, or answers differently each time. */
const lookAlike: fc.Arbitrary<Make> = fc.oneof(
  later(fc.constantFrom(...FOREIGN), (code) => runInNewContext(code, { MARKER })),
  later(proxyTargets, (target) => new Proxy(target(), {})),
  later(
    fc.tuple(proxyTargets, fc.constantFrom(...TRAPS), thrown),
    ([target, trap, what]) => new Proxy(target(), { [trap]: () => throwing(what()) }),
  ),
  later(fc.tuple(anyText, thrown), ([key, what]) =>
    Object.defineProperty({ before: MARKER }, key, { enumerable: true, get: () => throwing(what()) }),
  ),
  fc.constantFrom<Make>(
    revoked,
    () => {
      let times = 0;
      return new Proxy({ a: 0 }, { get: () => (times += 1) });
    },
    () => ({ ["then" as string]: (resolve: (value: unknown) => void) => resolve(MARKER) }),
    () => ({ ["then" as string]: () => throwing(new Error(MARKER)) }),
    () => ({ ["then" as string]: MARKER }),
    () => ({ toJSON: MARKER, toString: 1, valueOf: null }),
    () => ({ toJSON: () => throwing(new Error(MARKER)) }),
    () => ({ constructor: MARKER, hasOwnProperty: 1, isPrototypeOf: [] }),
    () => Object.defineProperty(new AIMessage(MARKER), "content", { enumerable: true, get: () => throwing(new Error(MARKER)) }),
  ),
);

function nested(depth: number, around: (value: unknown) => unknown): unknown {
  let value: unknown = [MARKER];
  for (let level = 0; level < depth; level += 1) value = around(value);
  return value;
}

/** Of a size or a shape that no state should have. */
const outsized: fc.Arbitrary<Make> = fc.oneof(
  later(fc.nat(1_200), (depth) => nested(depth, (value) => [value])),
  later(fc.nat(1_200), (depth) => nested(depth, (value) => ({ in: value }))),
  // The same object in two places, at each level.
  later(fc.nat(10), (depth) => nested(depth, (value) => ({ left: value, right: value }))),
  later(fc.nat(5_000), (width) => Object.fromEntries(Array.from({ length: width }, (_, n) => [`key ${n}`, n]))),
  later(fc.nat(5_000), (length) => Array.from({ length }, (_, n) => (n % 3 === 0 ? { n } : n))),
  later(fc.constantFrom(0, 1, 5, 2 ** 31, 2 ** 32 - 2), (place) => {
    const sparse: unknown[] = [];
    sparse[place] = MARKER;
    return sparse;
  }),
  fc.constantFrom<Make>(
    () => {
      const cycle: Record<string, unknown> = { note: MARKER };
      cycle.self = new Map([[cycle, [cycle]]]);
      return cycle;
    },
    () => [10n ** 5_000n, -(2n ** 64n)],
    () => [Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53 + 2, -1e-320],
  ),
  later(fc.nat(70_000), (length) => MARKER.repeat(Math.ceil(length / MARKER.length))),
);

const ordinary: fc.Arbitrary<Make> = later(anyValue, (value) => value);
const members = fc.array(fc.oneof({ weight: 3, arbitrary: ordinary }, lookAlike, outsized), { maxLength: 4 });

/** Values of every kind, and what only looks like one, in each other. */
export const oddValue: fc.Arbitrary<Make> = fc.oneof(
  lookAlike,
  outsized,
  later(members, (makes) => makes.map((make) => make())),
  later(fc.tuple(fc.array(anyText, { minLength: 4, maxLength: 4 }), members), ([keys, makes]) => {
    const object = {};
    for (const [n, make] of makes.entries())
      Object.defineProperty(object, keys[n] as string, { value: make(), enumerable: true, configurable: true, writable: true });
    return object;
  }),
  later(members, (makes) => new Map(makes.map((make, n) => [n % 2 === 0 ? make() : n, make()]))),
  later(members, (makes) => new Set(makes.map((make) => make()))),
);
