import { at, checkpointOf, putWhole } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { startPostgresPair } from "@holdfast/test-servers";
import { expect, it } from "vitest";

for (const synchronous of [true, false]) {
  it(`C-79 of several hosts the one that takes writes is used, and after a failover under load another (${synchronous ? "synchronous" : "not synchronous"})`, async () => {
    const pair = await startPostgresPair({ synchronous });
    const { username, password } = new URL(pair.url);
    const saver = PostgresSaver.fromConnString(
      `postgres://${username}:${password}@${pair.hosts}/postgres?target_session_attrs=read-write`,
      { poolSize: 4, retry: { maxElapsedMs: 60_000, maxAttempts: 1_000 } },
    );
    await saver.setup();
    let promoted = false;
    let after = 0;
    const acknowledged: string[] = [];
    const write = async (thread: string): Promise<void> => {
      let parent: string | undefined;
      for (let n = 0; after < 40; n += 1) {
        const checkpoint = checkpointOf({ n }, n + 1);
        await putWhole(saver, thread, checkpoint, parent);
        parent = checkpoint.id;
        if (!promoted) acknowledged.push(`${thread} ${checkpoint.id}`);
        else after += 1;
      }
    };
    const writing = Promise.all(["a", "b", "c", "d"].map(write));
    await putWhole(saver, "before", checkpointOf({ n: 1 }));
    if (!synchronous) await pair.catchUp();
    const isSure = synchronous ? acknowledged.length : 0;
    const promoting = pair.promote();
    await promoting;
    promoted = true;
    // A synchronous primary acknowledges nothing without a standby.
    if (synchronous) await pair.addStandby();
    await writing;
    expect((await saver.getTuple(at("before")))?.checkpoint.channel_values).toEqual({ n: 1 });
    for (const entry of acknowledged.slice(0, isSure)) {
      const [thread = "", id] = entry.split(" ");
      expect((await saver.getTuple(at(thread, id)))?.checkpoint.id).toBe(id);
    }
    await saver.end();
    await pair.stop();
  });
}

it("C-79 where no host takes writes, the error says so and names them all; a single host is used as it is", async () => {
  const pair = await startPostgresPair();
  const { username, password } = new URL(pair.url);
  const [standby = "", primary = ""] = pair.hosts.split(",");
  const saver = PostgresSaver.fromConnString(`postgres://${username}:${password}@${primary},${standby}/postgres`);
  await saver.setup();
  await Promise.all(["1", "2", "3", "4"].map((thread) => putWhole(saver, thread, checkpointOf({ n: 1 }))));
  await saver.end();
  // What asks the standby alone is told so, in the words of the server.
  const onStandby = PostgresSaver.fromConnString(`postgres://${username}:${password}@${standby}/postgres`, {
    retry: { maxAttempts: 2, minDelayMs: 1 },
  });
  expect((await onStandby.getTuple(at("1")))?.checkpoint.channel_values).toEqual({ n: 1 });
  await expect(putWhole(onStandby, "1", checkpointOf({ n: 2 }))).rejects.toMatchObject({
    code: "HOLDFAST_STORE_UNAVAILABLE",
    message: expect.stringContaining("25006"),
  });
  await onStandby.end();
  const neither = PostgresSaver.fromConnString(`postgres://${username}:${password}@127.0.0.1:1,${standby}/postgres`, {
    retry: { maxAttempts: 2, minDelayMs: 1 },
  });
  await expect(neither.getTuple(at("1"))).rejects.toMatchObject({
    code: "HOLDFAST_STORE_UNAVAILABLE",
    message: expect.stringMatching(`127.0.0.1:1, ${standby}`),
  });
  await neither.end();
  await pair.stop();
});
