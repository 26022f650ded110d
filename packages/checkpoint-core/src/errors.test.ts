import { describe, expect, expectTypeOf, it, vi } from "vitest";
import * as errors from "./errors.js";

const { isHoldfastError } = errors;

const EVERY: readonly (readonly [errors.HoldfastErrorCode, errors.HoldfastError])[] = [
  ["HOLDFAST_MISSING_THREAD_ID", new errors.MissingThreadIdError("put")],
  ["HOLDFAST_INVALID_THREAD_ID", new errors.InvalidThreadIdError("m")],
  ["HOLDFAST_INVALID_CONFIG", new errors.InvalidConfigError("m")],
  ["HOLDFAST_INVALID_METADATA", new errors.InvalidMetadataError("m")],
  ["HOLDFAST_INVALID_OPTIONS", new errors.InvalidOptionsError("m")],
  ["HOLDFAST_SERIALIZATION", new errors.SerializationError("messages[3].artifact", "it is a function")],
  ["HOLDFAST_DESERIALIZATION", new errors.DeserializationError("m")],
  ["HOLDFAST_VALUE_TOO_LARGE", new errors.ValueTooLargeError("m")],
  ["HOLDFAST_STORE_UNAVAILABLE", new errors.StoreUnavailableError("m")],
  ["HOLDFAST_STORE_FAILURE", new errors.StoreFailureError("m")],
  ["HOLDFAST_SETUP_REQUIRED", new errors.SetupRequiredError("m")],
  ["HOLDFAST_SCHEMA_TOO_NEW", new errors.SchemaTooNewError("m")],
  ["HOLDFAST_UNSUPPORTED_SERVER", new errors.UnsupportedServerError("m")],
  ["HOLDFAST_NOT_DURABLE", new errors.NotDurableError("m")],
  ["HOLDFAST_THREAD_BUSY", new errors.ThreadBusyError("t", "worker 7", 12)],
  ["HOLDFAST_LEASE_LOST", new errors.LeaseLostError("t")],
  ["HOLDFAST_CONCURRENT_UPDATE", new errors.ConcurrentUpdateError("t")],
  ["HOLDFAST_IDEMPOTENCY_KEY_REUSED", new errors.IdempotencyKeyReusedError("t", "m1")],
  ["HOLDFAST_THREAD_DELETED", new errors.ThreadDeletedError("t")],
  ["HOLDFAST_THREAD_NOT_FOUND", new errors.ThreadNotFoundError("t")],
  ["HOLDFAST_THREAD_EXISTS", new errors.ThreadExistsError("t")],
  [
    "HOLDFAST_IMPORT_MISMATCH",
    new errors.ImportMismatchError({ threadId: "t", namespace: "", checkpointId: "1" }, "channel_values.log[0]"),
  ],
  ["HOLDFAST_SAVER_CLOSED", new errors.SaverClosedError("getTuple")],
];

describe.for(EVERY)("%s", ([code, error]) => {
  it("C-75 is the code of an error of the family, which has the name of its class", () => {
    expect(error.code).toBe(code);
    expect(error).toBeInstanceOf(errors.HoldfastError);
    expect(error).toBeInstanceOf(Error);
    expect(isHoldfastError(error)).toBe(true);
    expect(error.name).toBe(error.constructor.name);
    expect(error.stack).toContain(error.message);
  });
});

it("C-75 every class has a code of its own", () => {
  const classes = Object.values(errors).filter((it) => it.prototype instanceof errors.HoldfastError);
  expect(new Set(EVERY.map(([code]) => code)).size).toBe(classes.length);
  expect(new Set(EVERY.map(([, error]) => error.constructor))).toEqual(new Set(classes));
});

it("C-75 its code narrows an error to its class, with its fields", () => {
  const error: unknown = new errors.ThreadBusyError("user-1", "worker 7", 12);
  if (!isHoldfastError(error) || error.code !== "HOLDFAST_THREAD_BUSY") throw error;
  expectTypeOf(error).toEqualTypeOf<errors.ThreadBusyError>();
  expect([error.threadId, error.owner, error.remainingMs]).toEqual(["user-1", "worker 7", 12]);
  const other: unknown = new errors.SerializationError("a.b", "it is a function");
  if (!(other instanceof errors.HoldfastError) || other.code !== "HOLDFAST_SERIALIZATION") throw other;
  expectTypeOf(other).toEqualTypeOf<errors.SerializationError>();
  expect(other.path).toBe("a.b");
});

it("C-75 every code narrows to a class", () => {
  expectTypeOf<errors.HoldfastError["code"]>().toEqualTypeOf<errors.HoldfastErrorCode>();
  expectTypeOf<errors.HoldfastError["name"]>().toEqualTypeOf<
    Exclude<keyof typeof errors & `${string}Error`, "isHoldfastError" | "HoldfastError">
  >();
});

it.for([
  new errors.ThreadBusyError("user-1", "host:123", 12),
  new errors.LeaseLostError("user-1"),
  new errors.LeaseLostError("user-1", { kind: "overtaken", reason: "host:123" }),
  new errors.LeaseLostError("user-1", { kind: "revoked", reason: "it hangs" }),
  new errors.ConcurrentUpdateError("user-1"),
  new errors.ThreadDeletedError("user-1"),
  new errors.ThreadNotFoundError("user-1"),
  new errors.ThreadExistsError("user-1"),
])("C-75 the message of $name names neither thread nor process: it may be sent to a browser", (error) => {
  expect(error.message).not.toMatch(/user-1|host:123/);
  expect(error.threadId).toBe("user-1");
});

it("an error of another copy of the package is one of the family", async () => {
  vi.resetModules();
  const copy = await import("./errors.js");
  const foreign = new copy.StoreUnavailableError("m");
  expect(foreign).not.toBeInstanceOf(errors.HoldfastError);
  expect(isHoldfastError(foreign)).toBe(true);
  expect(copy.isHoldfastError(new errors.StoreUnavailableError("m"))).toBe(true);
});

it("other errors are not of the family", () => {
  const alike = Object.assign(new Error("m"), { code: "HOLDFAST_STORE_FAILURE", name: "StoreFailureError" });
  for (const other of [
    alike,
    new Error("m"),
    null,
    undefined,
    "HOLDFAST_STORE_FAILURE",
    { code: "HOLDFAST_STORE_FAILURE" },
    () => 1,
  ]) {
    expect(isHoldfastError(other)).toBe(false);
  }
});

it("C-71 carries its cause", () => {
  const cause = new Error("ECONNREFUSED");
  expect(new errors.StoreUnavailableError("m", { cause }).cause).toBe(cause);
  expect(new errors.SerializationError("a", "b", { cause }).cause).toBe(cause);
  expect("cause" in new errors.StoreUnavailableError("m")).toBe(false);
});

it("C-60 a SerializationError says what and why", () => {
  const error = new errors.SerializationError("messages[3].artifact", "it is a function");
  expect(error.path).toBe("messages[3].artifact");
  expect(error.message).toBe("Cannot store messages[3].artifact: it is a function");
});

it("C-83 an operation after end() is named", () => {
  expect(new errors.SaverClosedError("getTuple").message).toMatch(/^getTuple /);
});
