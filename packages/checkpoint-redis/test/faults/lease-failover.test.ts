import { RedisSaver, type RedisSaverOptions } from "@holdfast/checkpoint-redis";
import { type RedisSentinel, startRedisSentinel } from "@holdfast/test-servers";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type at, put, read } from "../checkpoints.js";
import { cutReplication, sentinelPair } from "./sentinel-pair.js";

let group: RedisSentinel;
const savers: RedisSaver[] = [];

beforeAll(async () => {
  group = await startRedisSentinel();
});
afterEach(async () => {
  await Promise.all(savers.splice(0).map((saver) => saver.end()));
});
afterAll(async () => group?.stop());

/** No lease of these tests ends by itself. */
const TTL_MS = 600_000;
const DURABLE: RedisSaverOptions = { durability: { replicas: 1 } };
const LEASE_LOST = { code: "HOLDFAST_LEASE_LOST" };
const THREAD_BUSY = { code: "HOLDFAST_THREAD_BUSY" };

function open(options: RedisSaverOptions = {}): RedisSaver {
  const { sentinels, name, password } = group;
  const saver = new RedisSaver({ sentinels: [...sentinels], name, password }, options);
  savers.push(saver);
  return saver;
}

/** A put under a lease. */
const putUnder = (saver: RedisSaver, thread: string, lease: { readonly config: ReturnType<typeof at> }, id: string) =>
  put(saver, thread, {
    id,
    value: id,
    config: ({ configurable }) => ({ configurable: { ...configurable, ...lease.config.configurable } }),
  });

it("C-87 C-90 without durability a failover forgets a lease: another gets the thread, and the first cannot write", async () => {
  const { pair, untilReplaced } = sentinelPair(group);
  const [first, second] = [open(), open()];
  await put(open(DURABLE), "forgotten", { value: "before" });
  const [master, replica] = await pair();
  const restore = await cutReplication(master, replica);
  const forgotten = await first.acquireThread("forgotten", { ttlMs: TTL_MS });
  await putUnder(first, "forgotten", forgotten, "2");
  await expect(second.acquireThread("forgotten"), "the master that gave it knows it").rejects.toMatchObject(THREAD_BUSY);
  await master.kill();
  await restore();
  await untilReplaced(master);

  expect(await read(second, "forgotten"), "what was acknowledged under it is gone, too").toBe("before");
  await expect(putUnder(first, "forgotten", forgotten, "3"), "a token that was forgotten writes nothing").rejects.toMatchObject(
    LEASE_LOST,
  );
  const next = await second.acquireThread("forgotten", { ttlMs: TTL_MS });
  expect(forgotten.signal.aborted, "the first does not know it yet").toBe(false);
  // It is the microsecond: it grows as far as the clocks of the servers agree, and these have one clock.
  expect(BigInt(next.token)).toBeGreaterThan(BigInt(forgotten.token));
  await expect(putUnder(first, "forgotten", forgotten, "4")).rejects.toMatchObject(LEASE_LOST);
  await putUnder(second, "forgotten", next, "5");
  expect(await read(second, "forgotten")).toBe("5");
  // It ends nothing that it does not have.
  await forgotten.release();
  await expect(first.acquireThread("forgotten")).rejects.toMatchObject(THREAD_BUSY);
  await next.release();
});

it("C-87 C-90 with durability.replicas a failover forgets no lease: what the replica does not know of was not given", async () => {
  const { pair, untilReplaced } = sentinelPair(group);
  const [first, second] = [open(DURABLE), open(DURABLE)];
  const impatient = open({ durability: { replicas: 1, timeoutMs: 50 }, retry: { maxAttempts: 2, minDelayMs: 1 } });
  await put(first, "kept", { value: "before" });
  await put(first, "not given");
  const kept = await first.acquireThread("kept", { ttlMs: TTL_MS, owner: "the first" });
  const [master, replica] = await pair();
  const restore = await cutReplication(master, replica);
  await expect(impatient.acquireThread("not given", { ttlMs: TTL_MS })).rejects.toMatchObject({ code: "HOLDFAST_NOT_DURABLE" });
  await master.kill();
  await restore();
  await untilReplaced(master);

  await expect(second.acquireThread("kept")).rejects.toMatchObject({
    ...THREAD_BUSY,
    owner: "the first",
  });
  await expect(put(second, "kept", { id: "2" })).rejects.toMatchObject(THREAD_BUSY);
  await putUnder(first, "kept", kept, "3");
  expect(await read(second, "kept")).toBe("3");
  await kept.release();
  await (await second.acquireThread("kept")).release();
  await (await second.acquireThread("not given")).release();
});
