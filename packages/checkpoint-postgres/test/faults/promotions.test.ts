import { Acknowledgements, runDisturbed, runOrders } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { type PostgresPair, startPostgresPair } from "@holdfast/test-servers";
import { expect, it } from "vitest";

const PROMOTIONS = 10;
const RUNS = 20;
const ORDERS = ["first", "second", "third"];
/** Of 24 that each run takes: one failover is under way while the runs are. */
const MOMENT = RUNS * 8;

function open(pair: PostgresPair, schema: string): PostgresSaver {
  const { username, password } = new URL(pair.url);
  const address = `postgres://${username}:${password}@${pair.hosts}/postgres?target_session_attrs=read-write`;
  return PostgresSaver.fromConnString(address, { schema, poolSize: 8, retry: { maxElapsedMs: 120_000, maxAttempts: 1_000 } });
}

for (const synchronous of [true, false]) {
  const promise = synchronous
    ? "C-13 C-70 no run fails, and nothing that was acknowledged is lost"
    : "C-74 what is left can be read";
  it(`${promise}: ${PROMOTIONS} primaries are killed under load, ${synchronous ? "with" : "without"} a synchronous standby`, {
    timeout: 900_000,
  }, async () => {
    const pair = await startPostgresPair({ synchronous });
    let [acknowledged, lost, failed] = [0, 0, 0];
    for (let n = 0; n < PROMOTIONS; n += 1) {
      const schema = `promotion_${n}`;
      const saver = open(pair, schema);
      await saver.setup();
      const kept = new Acknowledgements(saver);
      let cutOff = Promise.resolve();
      let failover: Promise<void> | undefined;
      let tasks = 0;
      const onTask = (): undefined => {
        tasks += 1;
        // What it does not hear of is lost, unless the primary waits for it.
        if (tasks === MOMENT / 2 && !synchronous) cutOff = pair.cutOffStandby();
        if (tasks !== MOMENT) return;
        failover = cutOff.then(() => pair.promote()).then(() => pair.addStandby());
        // Read when the runs are over.
        failover.catch(() => {});
      };
      if (synchronous) await runDisturbed(saver, RUNS, onTask);
      else {
        const runs = Array.from({ length: RUNS }, (_, run) => runOrders(saver, `thread ${run}`, ORDERS, onTask));
        failed += (await Promise.allSettled(runs)).filter(({ status }) => status === "rejected").length;
      }
      expect(failover, "the failover").toBeDefined();
      await failover;
      await saver.end();
      const reader = open(pair, schema);
      const outcome = await kept.compare(reader);
      await reader.end();
      expect(outcome.damaged).toEqual([]);
      if (synchronous) expect(outcome.lost).toEqual([]);
      acknowledged += outcome.acknowledged;
      lost += outcome.lost.length;
    }
    console.info(
      `${PROMOTIONS} failovers, ${synchronous ? "" : "not "}synchronous: of ${acknowledged} acknowledged, ${lost} were lost, and ${failed} of ${PROMOTIONS * RUNS} runs failed.`,
    );
    await pair.stop();
  });
}
