import { type ChannelVersions, TASKS } from "@langchain/langgraph-checkpoint";
import { describe, expect, it } from "vitest";
import type { StoredWrite } from "../format/pending-writes.js";
import type { CheckpointHeader } from "../format/record.js";
import { HoldfastSerializer } from "../serializer/index.js";
import { ValueSerializer } from "../serializer/value-serializer.js";
import { makeTuple, needsParentSends, type StoredTuple } from "./get-tuple.js";

const serializer = new ValueSerializer(new HoldfastSerializer(), { maxValueBytes: 1_000_000, maxPutBytes: 1_000_000 });

async function write(channel: string, value: unknown, index = 0, taskId = "task"): Promise<StoredWrite> {
  return {
    taskId,
    channel,
    index,
    place: { taskPath: "" },
    value: { ...(await serializer.dump(value, channel)), pieces: undefined },
  };
}

interface Given {
  readonly v?: number;
  readonly parentId?: string;
  readonly values?: readonly (readonly [string, unknown])[];
  readonly versions?: ChannelVersions;
  readonly writes?: readonly StoredWrite[];
}

async function stored({ v = 4, parentId, values = [], versions = {}, writes = [] }: Given): Promise<StoredTuple> {
  const header: CheckpointHeader = {
    v,
    ts: "2026-01-01T00:00:00.000Z",
    channel_versions: versions,
    versions_seen: { n: { a: 1 } },
  };
  const dumped = values.map(
    async ([channel, value]) => [channel, { ...(await serializer.dump(value, channel)), pieces: undefined }] as const,
  );
  const channels = new Map(await Promise.all(dumped));
  return {
    ref: { threadId: "t", namespace: "ns", checkpointId: "c2" },
    parentId,
    metadata: { source: "loop", step: 1, parents: {} },
    checkpoint: { header, cached: { channels, versions, keyframe: undefined, context: undefined } },
    writes,
  };
}

describe("makeTuple", () => {
  it("C-11 holds what was put", async () => {
    const given = await stored({
      parentId: "c1",
      values: [
        ["a", new Date(0)],
        ["b", undefined],
      ],
      versions: { a: 2, b: 1, gone: 3 },
      writes: [await write("x", 1n), await write("__error__", { message: "m" }, -1)],
    });
    expect(await makeTuple(given, serializer)).toStrictEqual({
      config: { configurable: { thread_id: "t", checkpoint_ns: "ns", checkpoint_id: "c2" } },
      parentConfig: { configurable: { thread_id: "t", checkpoint_ns: "ns", checkpoint_id: "c1" } },
      checkpoint: {
        v: 4,
        id: "c2",
        ts: "2026-01-01T00:00:00.000Z",
        channel_values: { a: new Date(0), b: undefined },
        channel_versions: { a: 2, b: 1, gone: 3 },
        versions_seen: { n: { a: 1 } },
      },
      metadata: { source: "loop", step: 1, parents: {} },
      pendingWrites: [
        ["task", "x", 1n],
        ["task", "__error__", { message: "m" }],
      ],
    });
  });

  it("C-12 has no parentConfig without a parent", async () => {
    expect("parentConfig" in (await makeTuple(await stored({}), serializer))).toBe(false);
  });

  it("C-60 takes a channel called __proto__ for any other", async () => {
    const versions = JSON.parse('{"__proto__":5}') as ChannelVersions;
    const given = await stored({ values: [["__proto__", { admin: true }]], versions });
    const { checkpoint } = await makeTuple(given, serializer);
    expect(Object.keys(checkpoint.channel_values)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(checkpoint.channel_values)).toBe(Object.prototype);
    expect((checkpoint.channel_values as { admin?: boolean }).admin).toBeUndefined();
    expect(Object.getOwnPropertyDescriptor(checkpoint.channel_versions, "__proto__")?.value).toBe(5);
  });

  it("C-35 makes values of its own each time", async () => {
    const given = await stored({ values: [["a", [1]]], versions: { a: 1 } });
    const first = await makeTuple(given, serializer);
    (first.checkpoint.channel_values.a as number[]).push(2);
    first.checkpoint.channel_versions.a = 9;
    const second = await makeTuple(given, serializer);
    expect(second.checkpoint.channel_values.a).toEqual([1]);
    expect(second.checkpoint.channel_versions.a).toBe(1);
    expect(given.checkpoint.cached.versions.a).toBe(1);
  });
});

describe("C-14 the pending sends of the parent", () => {
  it("are needed for formats before 4 that have a parent", async () => {
    expect(needsParentSends(await stored({ v: 1, parentId: "c1" }))).toBe(true);
    expect(needsParentSends(await stored({ v: 3, parentId: "c1" }))).toBe(true);
    expect(needsParentSends(await stored({ v: 4, parentId: "c1" }))).toBe(false);
    expect(needsParentSends(await stored({ v: 3 }))).toBe(false);
  });

  it("C-14 come in __pregel_tasks, in their order, at the highest version", async () => {
    const sends = [
      await write(TASKS, "s1"),
      await write("a", "no send", 1),
      await write(TASKS, "s2", 2),
      await write(TASKS, "s3", 0, "u"),
    ];
    const given = await stored({ v: 3, parentId: "c1", values: [["a", 1]], versions: { a: 3, b: 7 } });
    const { checkpoint } = await makeTuple(given, serializer, sends);
    expect(checkpoint.channel_values).toEqual({ a: 1, [TASKS]: ["s1", "s2", "s3"] });
    expect(checkpoint.channel_versions).toEqual({ a: 3, b: 7, [TASKS]: 7 });
    expect(given.checkpoint.cached.versions).toEqual({ a: 3, b: 7 });
  });

  it("C-14 are an empty list when there were none", async () => {
    const given = await stored({ v: 3, parentId: "c1" });
    const { checkpoint } = await makeTuple(given, serializer, []);
    expect(checkpoint.channel_values).toEqual({ [TASKS]: [] });
    expect(checkpoint.channel_versions).toEqual({ [TASKS]: 1 });
    const text = await makeTuple(
      await stored({ v: 3, parentId: "c1", versions: { a: "00002.1", b: "00010.0" } }),
      serializer,
      [],
    );
    expect(text.checkpoint.channel_versions[TASKS]).toBe("00010.0");
  });
});
