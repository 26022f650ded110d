import { eventually } from "@holdfast/test-servers";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, expect, it } from "vitest";
import { at, checkpointOf, listedIds } from "./plain-checkpoints.js";
import type { AdapterTarget, TestedSaver, TestStore } from "./target.js";

export interface ForgottenLeaseTarget extends AdapterTarget {
  /** Sets the store back to before any lease, as a failover to a replica that lagged does. */
  forgetLeases(url: string): Promise<void>;
}

const LEASE_LOST = { code: "HOLDFAST_LEASE_LOST" };

/** Registers the tests of a store that has forgotten a lease. */
export function forgottenLeaseTests(target: ForgottenLeaseTarget): void {
  let store: TestStore;
  const savers: TestedSaver[] = [];
  const open = (): TestedSaver => {
    const saver = target.open(store.url);
    savers.push(saver);
    return saver;
  };

  beforeAll(async () => {
    store = await target.openStore();
  });
  afterAll(async () => {
    await Promise.all(savers.map((saver) => target.close(saver)));
    await store?.drop();
  });

  const putUnder = (saver: BaseCheckpointSaver, thread: string, configurable: object | undefined) => {
    const checkpoint = checkpointOf({ n: 1 });
    const config = { configurable: { ...at(thread).configurable, ...configurable } };
    return saver.put(config, checkpoint, { source: "loop", step: 0, parents: {} }, checkpoint.channel_versions);
  };

  it("C-90 C-91 a holder whose lease the store has forgotten is refused, and told", async () => {
    const [first, second] = [open(), open()];
    await target.forgetLeases(store.url);
    const forgotten = await first.acquireThread("forgotten", { ttlMs: 2_000 });
    await putUnder(first, "forgotten", forgotten.config.configurable);
    await target.forgetLeases(store.url);
    const next = await second.acquireThread("forgotten", { ttlMs: 60_000 });
    expect(next.token).not.toBe(forgotten.token);
    await expect(putUnder(first, "forgotten", forgotten.config.configurable)).rejects.toMatchObject(LEASE_LOST);
    await eventually("the holder whose lease was forgotten is told", () => forgotten.signal.aborted);
    expect(forgotten.signal.reason).toMatchObject(LEASE_LOST);
    await putUnder(second, "forgotten", next.config.configurable);
    expect(await listedIds(second, "forgotten")).toHaveLength(2);
    await forgotten.release();
    await expect(first.acquireThread("forgotten")).rejects.toMatchObject({ code: "HOLDFAST_THREAD_BUSY" });
    await next.release();
  });

  it("C-91 a token that is guessed writes nothing", async () => {
    const saver = open();
    const lease = await saver.acquireThread("guessed", { ttlMs: 60_000 });
    const count = BigInt(lease.token) / 10n ** 18n;
    for (const guess of [1n, count, count * 10n ** 18n, BigInt(lease.token) + 1n]) {
      const leases = leasesOf({ guessed: String(guess) });
      await expect(putUnder(saver, "guessed", leases)).rejects.toMatchObject(LEASE_LOST);
    }
    await lease.release();
  });

  it("C-91 a token from a client's JSON writes nothing, right or wrong", async () => {
    const saver = open();
    const lease = await saver.acquireThread("leaked", { ttlMs: 60_000 });
    for (const leases of [{ leaked: lease.token }, {}, null, "leaked", [lease.token]]) {
      const given = JSON.parse(JSON.stringify({ __holdfast_leases: leases })) as Record<string, unknown>;
      await expect(putUnder(saver, "leaked", given)).rejects.toMatchObject({ code: "HOLDFAST_INVALID_CONFIG" });
    }
    await lease.release();
  });

  it("C-91 what is no token is an error that does not repeat it", async () => {
    const saver = open();
    for (const token of ["secret", "1".repeat(1_000_000), "", 7, null, "0", "-1", "1e9"]) {
      const error = await putUnder(saver, "malformed", leasesOf({ malformed: token })).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "HOLDFAST_INVALID_CONFIG" });
      expect(String(error)).not.toContain("secret");
      expect(String(error).length).toBeLessThan(200);
    }
    expect(await listedIds(saver, "malformed")).toEqual([]);
  });
}

/** As a lease sets them. */
function leasesOf(tokens: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { __holdfast_leases: { [Symbol.for("holdfast.lease-tokens")]: tokens } };
}
