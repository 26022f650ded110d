import type { ChannelVersions, Checkpoint, CheckpointMetadata, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import { SerializationError, ValueTooLargeError } from "../errors.js";
import { OWNER } from "../format/owner.testing.js";
import { type CachedCheckpoint, type ChannelUpdate, encodeCheckpoint, headerOf, type SerializedValue } from "../format/record.js";
import { HoldfastSerializer } from "../serializer/index.js";
import { ValueSerializer } from "../serializer/value-serializer.js";
import { resolveUpdates, serializeChanged } from "./put.js";

const limits = (maxValueBytes: number, maxPutBytes = 10 * maxValueBytes) => ({ maxValueBytes, maxPutBytes });
const serializer = new ValueSerializer(new HoldfastSerializer(), limits(1000));
const LOOP: CheckpointMetadata = { source: "loop", step: 1, parents: {} };
const FORK: CheckpointMetadata = { source: "fork", step: 1, parents: {} };

function checkpoint(values: Record<string, unknown>, versions: ChannelVersions): Checkpoint {
  return { v: 4, id: "1", ts: "t", channel_values: values, channel_versions: versions, versions_seen: {} };
}

async function updatesOf(
  given: Checkpoint,
  newVersions: ChannelVersions,
  parent?: CachedCheckpoint | "not-stored",
  metadata = LOOP,
): Promise<Map<string, ChannelUpdate>> {
  const changed = await serializeChanged(serializer, given, metadata, newVersions);
  return resolveUpdates(serializer, given, newVersions, changed, parent);
}

/** Values as JSON text, in the order in which they would be read back. */
async function resolved(...args: Parameters<typeof updatesOf>): Promise<[string, string][]> {
  const updates = await updatesOf(...args);
  return Array.from(updates, ([channel, update]) => [
    channel,
    update === "carried-over" ? update : update.bytes.toBuffer().toString(),
  ]);
}

/** What is known of a parent that was put with all of these. */
async function parentOf(values: Record<string, unknown>, versions: ChannelVersions): Promise<CachedCheckpoint> {
  const given = checkpoint(values, versions);
  return (await encodeCheckpoint(OWNER, headerOf(given), await updatesOf(given, versions), undefined)).cached;
}

describe("resolveUpdates", () => {
  it("C-32 takes the values given for new versions, and empties channels without one", async () => {
    const parent = await parentOf({ a: 1, b: 2, c: 3 }, { a: 1, b: 1, c: 1 });
    const given = checkpoint({ a: 10, d: undefined }, { a: 2, b: 2, c: 1, d: 1 });
    expect(await resolved(given, { a: 2, b: 2, d: 1 }, parent)).toEqual([
      ["a", "10"],
      ["d", '{"~":"undefined"}'],
      ["c", "carried-over"],
    ]);
  });

  it("C-32 empties a channel of newVersions even at the version that the parent holds", async () => {
    const parent = await parentOf({ a: 1 }, { a: 1 });
    expect(await resolved(checkpoint({}, { a: 1 }), { a: 1 }, parent)).toEqual([]);
  });

  it("C-33 carries over what the parent holds at the same version, whatever value is given", async () => {
    const parent = await parentOf({ a: 1, b: 2 }, { a: 1, b: "1" });
    const given = checkpoint({ a: "ignored", b: "ignored" }, { a: 1, b: "1" });
    expect(await resolved(given, {}, parent)).toEqual([
      ["a", "carried-over"],
      ["b", "carried-over"],
    ]);
  });

  it("C-33 takes the value given where the parent has another version, or does not know the channel", async () => {
    const parent = await parentOf({ a: 1, b: 2 }, { a: 1, b: 1 });
    const given = checkpoint({ a: 10, b: 20, c: 30, toString: 40 }, { a: 2, b: "1", c: 1, toString: 1 });
    expect(await resolved(given, {}, parent)).toEqual([
      ["a", "10"],
      ["b", "20"],
      ["c", "30"],
      ["toString", "40"],
    ]);
  });

  it("C-33 leaves a channel empty that the parent holds empty at the same version", async () => {
    const parent = await parentOf({}, { a: 1 });
    expect(await resolved(checkpoint({ a: 1 }, { a: 1 }), {}, parent)).toEqual([]);
    expect(await resolved(checkpoint({}, { a: 2 }), {}, parent)).toEqual([]);
  });

  it("C-33 stores only what newVersions names when there is no parent", async () => {
    const given = checkpoint({ a: 1, b: 2 }, { a: 1, b: 1 });
    expect(await resolved(given, { a: 1 })).toEqual([["a", "1"]]);
    expect(await resolved(given, {})).toEqual([]);
  });

  it("C-33 stores the values given when the store does not have the parent that is named", async () => {
    const given = checkpoint({ a: 1, b: 2 }, { a: 1, b: 1, c: 1 });
    expect(await resolved(given, { a: 1, c: 1 }, "not-stored")).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
  });

  it("C-34 a copy stores all values given, whatever the parent holds", async () => {
    const parent = await parentOf({ a: 1, b: 2 }, { a: 1, b: 1 });
    const given = checkpoint({ a: 10, b: 20 }, { a: 1, b: 1 });
    for (const above of [parent, "not-stored", undefined] as const) {
      expect(await resolved(given, {}, above, FORK)).toEqual([
        ["a", "10"],
        ["b", "20"],
      ]);
    }
  });

  it("C-60 knows a channel called __proto__", async () => {
    const own = <T>(value: T): Record<string, T> => Object.fromEntries([["__proto__", value]]);
    const parent = await parentOf(own(1), own(1));
    expect(await resolved(checkpoint(own(2), own(2)), own(2), parent)).toEqual([["__proto__", "2"]]);
    expect(await resolved(checkpoint(own(2), own(1)), {}, parent)).toEqual([["__proto__", "carried-over"]]);
    expect(await resolved(checkpoint({}, { a: 1 }), own(1), parent)).toEqual([]);
  });

  it("C-36 takes changed values at the call", async () => {
    const list = [1];
    const bytes = Uint8Array.of(1);
    const given = checkpoint({ list, bytes }, { list: 1, bytes: 1 });
    const promise = serializeChanged(serializer, given, LOOP, { list: 1, bytes: 1 });
    list.push(2);
    bytes[0] = 2;
    given.channel_values.list = "another";
    const changed = await promise;
    expect([changed.get("list")?.bytes.toBuffer().toString(), changed.get("bytes")?.bytes.toBuffer()[0]]).toEqual(["[1]", 1]);
  });

  it("C-60 names the channel and the path of what cannot be stored", async () => {
    const given = checkpoint({ messages: [{}, { artifact: () => 1 }] }, { messages: 1 });
    const failure = await updatesOf(given, { messages: 1 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SerializationError);
    expect((failure as SerializationError).path).toBe("messages[1].artifact");
  });
});

describe("maxValueBytes", () => {
  it("C-65 is the longest that a value may be", async () => {
    expect((await serializer.dump("x".repeat(998), "a")).bytes).toHaveLength(1000);
    expect(() => serializer.dump("x".repeat(999), "messages")).toThrow(ValueTooLargeError);
    expect(() => serializer.dump("x".repeat(999), "messages")).toThrow(
      /^Channel messages is 1001 bytes .* maxValueBytes is 1000/,
    );
  });

  it("C-65 is kept for every channel, and with any serde", async () => {
    const given = checkpoint({ a: 1, b: "x".repeat(2000) }, { a: 1, b: 1 });
    await expect(updatesOf(given, { a: 1, b: 1 })).rejects.toThrow(ValueTooLargeError);
    await expect(updatesOf(given, {}, "not-stored")).rejects.toThrow(ValueTooLargeError);
    await expect(new ValueSerializer(new Passing(), limits(1000)).dump(new Uint8Array(1001), "b")).rejects.toThrow(
      ValueTooLargeError,
    );
  });
});

describe("maxPutBytes", () => {
  const small = new ValueSerializer(new HoldfastSerializer(), limits(1000, 2000));
  const given = (channels: number) => {
    const values = Object.fromEntries(Array.from({ length: channels }, (_, i) => [`c${i}`, "x".repeat(498)]));
    return checkpoint(values, Object.fromEntries(Object.keys(values).map((channel) => [channel, 1])));
  };
  const changed = (channels: number, metadataBytes = 0) =>
    serializeChanged(small, given(channels), LOOP, given(channels).channel_versions, undefined, metadataBytes);

  it("C-65 is the most that the values and the metadata of one put may come to", async () => {
    expect((await changed(4)).size).toBe(4);
    expect((await changed(3, 500)).size).toBe(3);
    for (const tooMuch of [() => changed(5), () => changed(4, 1), () => changed(0, 2001)]) {
      expect(tooMuch).toThrow(ValueTooLargeError);
      expect(tooMuch).toThrow(/^The values of one put come to at least \d+ bytes .* maxPutBytes is 2000/);
    }
  });

  it("C-65 ends the serializing of what follows, and counts what is serialized late", async () => {
    let read = 0;
    const values = Object.defineProperties(
      {},
      Object.fromEntries(
        Array.from({ length: 60 }, (_, i) => [
          `c${i}`,
          {
            enumerable: true,
            value: {
              get text() {
                read += 1;
                return "x".repeat(900);
              },
            },
          },
        ]),
      ),
    ) as Record<string, unknown>;
    const versions = Object.fromEntries(Object.keys(values).map((channel) => [channel, 1]));
    expect(() => serializeChanged(small, checkpoint(values, versions), LOOP, versions)).toThrow(ValueTooLargeError);
    expect(read).toBe(3);
    const serialized = await changed(2);
    expect(() => resolveUpdates(small, given(5), {}, serialized, "not-stored")).toThrow(ValueTooLargeError);
  });

  it("C-65 counts what carries over, so that no checkpoint is more than can be read", async () => {
    const parentWith = (channels: number) => parentOf(given(channels).channel_values, given(channels).channel_versions);
    const next = async (channels: number) =>
      resolveUpdates(small, given(channels), {}, await changed(1), await parentWith(channels));
    expect((await next(4)).size).toBe(4);
    await expect(next(5)).rejects.toThrow(ValueTooLargeError);
  });
});

/** Hands over bytes as they are, as upstream's serializer does. */
class Passing implements SerializerProtocol {
  readonly loaded: unknown[] = [];

  async dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
    return value instanceof Uint8Array ? ["bytes", value] : ["text", new TextEncoder().encode(String(value))];
  }

  async loadsTyped(type: string, data: Uint8Array | string): Promise<unknown> {
    this.loaded.push([type, data]);
    return type === "bytes" ? data : new TextDecoder().decode(data as Uint8Array);
  }
}

/** Encrypts, so to speak. */
class Inverting extends HoldfastSerializer {
  override async dumpsTyped(value: unknown): Promise<[string, Uint8Array]> {
    const [type, bytes] = await super.dumpsTyped(value);
    return [`not ${type}`, bytes.map((byte) => ~byte)];
  }

  override async loadsTyped(type: string, data: Uint8Array): Promise<unknown> {
    return super.loadsTyped(
      type.slice(4),
      data.map((byte) => ~byte),
    );
  }
}

describe("a serde of the user", () => {
  it("C-63 encodes and decodes", async () => {
    const own = new ValueSerializer(new Passing(), limits(1000));
    const dumped = await own.dump(7n, "a");
    expect([dumped.type, dumped.bytes.toBuffer().toString()]).toEqual(["text", "7"]);
    expect(await own.load(dumped)).toBe("7");
  });

  it("C-63 also when it extends ours", async () => {
    const own = new ValueSerializer(new Inverting(), limits(1000));
    const dumped = await own.dump({ secret: "hunter2" }, "a");
    expect(dumped.type).toBe("not hf1");
    expect(dumped.bytes.toBuffer().toString("latin1")).not.toContain("hunter2");
    expect(await own.load(dumped)).toEqual({ secret: "hunter2" });
  });

  it("C-35 C-63 does not share the bytes of the state with what is kept to compare with", async () => {
    const own = new ValueSerializer(new Passing(), limits(1000));
    const state = Uint8Array.of(1, 2, 3);
    const dumped = await own.dump(state, "a");
    state[0] = 9;
    expect([...dumped.bytes.toBuffer()]).toEqual([1, 2, 3]);
    const loaded = (await own.load(dumped)) as Uint8Array;
    loaded[0] = 9;
    expect([...dumped.bytes.toBuffer()]).toEqual([1, 2, 3]);
  });

  it("C-60 C-63 what it throws is the cause of a typed error, at once or later, writing or reading", async () => {
    const fault = new Error("no key for secret");
    const failing: readonly (() => never | Promise<never>)[] = [
      () => {
        throw fault;
      },
      () => Promise.reject(fault),
    ];
    for (const fail of failing) {
      const own = new ValueSerializer(Object.assign(new Passing(), { dumpsTyped: fail, loadsTyped: fail }), limits(1000));
      for (const written of [own.dump(1, "a"), own.dumpAfter(undefined, 1, "a")]) {
        const error = await Promise.resolve(written).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: "HOLDFAST_SERIALIZATION", path: "a", cause: fault });
        expect((error as Error).message).not.toContain("secret");
      }
      const read = await own
        .load(await new ValueSerializer(new Passing(), limits(1000)).dump(1, "a"))
        .catch((thrown: unknown) => thrown);
      expect(read).toMatchObject({ code: "HOLDFAST_DESERIALIZATION", cause: fault });
      expect((read as Error).message).not.toContain("secret");
    }
  });

  it("C-60 C-63 what it gives is looked at", async () => {
    for (const given of [undefined, null, 7, [], ["text"], ["text", 7.5], [7, new Uint8Array()]]) {
      const own = new ValueSerializer(Object.assign(new Passing(), { dumpsTyped: async () => given }), limits(1000));
      await expect(own.dump(1, "a"), JSON.stringify(given)).rejects.toMatchObject({ code: "HOLDFAST_SERIALIZATION" });
    }
  });
});

it("C-35 ours does not share bytes either", async () => {
  for (const state of [Uint8Array.of(1, 2, 3), Buffer.of(1, 2, 3)]) {
    const dumped = await serializer.dump(state, "a");
    state[0] = 9;
    const loaded = (await serializer.load(dumped)) as Uint8Array;
    expect([...loaded]).toEqual([1, 2, 3]);
    expect(Buffer.isBuffer(loaded)).toBe(Buffer.isBuffer(state));
    loaded[0] = 9;
    expect([...dumped.bytes.toBuffer()]).toEqual([1, 2, 3]);
  }
});

describe("what is kept of values", { timeout: 60_000 }, () => {
  const long = "some text ".repeat(100);
  const messages = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `${i}`, long }));

  it("stays within its bound at 64 threads of 1 MB", async () => {
    const bound = 8_000_000;
    const own = new ValueSerializer(new HoldfastSerializer(), limits(2_000_000), bound);
    const last: (SerializedValue | undefined)[] = Array.from({ length: 64 });
    for (const count of [1_000, 1_001]) {
      for (let thread = 0; thread < 64; thread += 1) {
        last[thread] = await own.dumpAfter(last[thread], messages(count), "messages");
        expect(own.previousEncodingBytes).toBeLessThanOrEqual(bound);
      }
    }
    expect(own.previousEncodingBytes).toBeGreaterThan(bound / 2);
    own.clear();
    expect(own.previousEncodingBytes).toBe(0);
  });

  it("is that of the newest value of a channel only", async () => {
    const own = new ValueSerializer(new HoldfastSerializer(), limits(2_000_000), 100_000_000);
    let last = await own.dumpAfter(undefined, messages(100), "messages");
    const { previousEncodingBytes } = own;
    for (let count = 101; count < 110; count += 1) last = await own.dumpAfter(last, messages(count), "messages");
    expect(own.previousEncodingBytes).toBeLessThan(previousEncodingBytes * 1.2);
    expect(await own.load(last)).toEqual(messages(109));
  });

  it("is nothing when nothing may be kept", async () => {
    const none = new ValueSerializer(new HoldfastSerializer(), limits(2_000_000), 0);
    const first = await none.dumpAfter(undefined, messages(100), "messages");
    expect(none.previousEncodingBytes).toBe(0);
    const second = await none.dumpAfter(first, messages(101), "messages");
    expect(await none.load(second)).toEqual(messages(101));
  });

  it("C-36 is nothing that a run could change", async () => {
    const own = new ValueSerializer(new HoldfastSerializer(), limits(2_000_000), 100_000_000);
    const state = messages(100);
    const first = await own.dumpAfter(undefined, state, "messages");
    (state[3] as { id: string }).id = "changed";
    const second = await own.dumpAfter(first, state, "messages");
    expect(await own.load(first)).toEqual(messages(100));
    expect(await own.load(second)).toEqual(state);
    ((await own.load(second)) as { id: string }[])[0] = { id: "other" };
    expect(await own.load(second)).toEqual(state);
  });
});
