import { Acknowledgements, integerOf, type Random, runDisturbed, runOrders, seeded } from "@holdfast/adapter-tests";
import { type RedisClient, RedisSaver, type RedisSaverOptions } from "@holdfast/checkpoint-redis";
import { eventually, type RedisServer } from "@holdfast/test-servers";
import type { RedisOptions } from "ioredis";
import { describe, expect, it } from "vitest";
import { onServer } from "../keyspace.js";

/** Servers of which one takes the place of another. */
export interface Failover {
  readonly servers: readonly RedisServer[];
  /** A master that works, and its replica. */
  pair(): Promise<readonly [master: RedisServer, replica: RedisServer]>;
  /** Until the replica of a master that was killed has taken its place, and follows it, started again. */
  untilReplaced(master: RedisServer): Promise<void>;
}

/** How a saver is connected: by the name, in CLIENT LIST, a connection that was left behind is found. */
export type ConnectByName = (connectionName: string) => RedisClient | RedisOptions;

const RUNS = 50;
const ORDERS = ["first", "second", "third"];
const TASKS = RUNS * 24;

/** Registers the tests of a failover in the middle of 50 runs, by each kind of client. */
export function failoverTests(redis: () => Failover, clients: Readonly<Record<string, ConnectByName>>): void {
  const close: (() => Promise<void>)[] = [];

  function open(connect: ConnectByName, name: string, options: RedisSaverOptions): RedisSaver {
    const client = connect(name);
    const saver = new RedisSaver(client, { keyPrefix: name, ...options });
    close.push(async () => {
      await saver.end();
      if ("disconnect" in client) client.disconnect();
    });
    return saver;
  }

  async function closeAll(name: string): Promise<void> {
    await Promise.all(close.splice(0).map((each) => each()));
    await eventually("no connection is left behind", async () => {
      const lists = await Promise.all(redis().servers.map(({ url }) => onServer(url, (server) => server.call("CLIENT", "LIST"))));
      return !lists.some((list) => String(list).includes(name));
    });
  }

  /** Once, when a random task begins. Those after it wait until the replica hears no more, so that the master has something to do then. */
  async function failoverAtRandom(random: Random) {
    const [master, replica] = await redis().pair();
    const { cutOff, kill } = await aheadOf(replica, master);
    const moment = integerOf(random, TASKS / 12, (TASKS * 3) / 4);
    let isCutOff: Promise<void> | undefined;
    let failover: Promise<void> | undefined;
    return {
      onTask: (tasks: number): Promise<void> | undefined => {
        if (tasks === moment) {
          isCutOff = cutOff();
          failover = isCutOff.then(kill).then(() => redis().untilReplaced(master));
          // Read when the runs are over.
          failover.catch(() => {});
        }
        return isCutOff;
      },
      over: async (): Promise<void> => {
        expect(failover, "the failover").toBeDefined();
        await failover;
      },
    };
  }

  describe.for(Object.entries(clients))("%s", ([kind, connect]) => {
    it(
      `C-13 C-70 ${RUNS} runs go on through a failover, and with durability.replicas nothing that was acknowledged is lost`,
      seeded(async (random) => {
        const name = `durable-${kind.replaceAll(/\W/g, "-")}`;
        const saver = open(connect, name, { durability: { replicas: 1 } });
        const acknowledgements = new Acknowledgements(saver);
        const { onTask, over } = await failoverAtRandom(random);
        try {
          await runDisturbed(saver, RUNS, onTask);
        } finally {
          await over();
        }
        const { acknowledged, lost, damaged } = await acknowledgements.compare(open(connect, name, {}));
        expect({ lost, damaged }).toEqual({ lost: [], damaged: [] });
        expect(acknowledged).toBeGreaterThan(RUNS * ORDERS.length * 20);
        await closeAll(name);
      }),
    );

    it(
      `C-30 C-74 ${RUNS} runs go on through a failover without durability: some of what was acknowledged is lost, and all that is there is whole`,
      seeded(async (random) => {
        const name = `volatile-${kind.replaceAll(/\W/g, "-")}`;
        const saver = open(connect, name, {});
        const acknowledgements = new Acknowledgements(saver);
        const { onTask, over } = await failoverAtRandom(random);
        let tasks = 0;
        const runs = Array.from({ length: RUNS }, (_, n) =>
          runOrders(saver, `thread ${n}`, ORDERS, () => {
            tasks += 1;
            return onTask(tasks);
          }),
        );
        const outcomes = await Promise.allSettled(runs);
        await over();
        const failed = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []));
        const { acknowledged, lost, damaged } = await acknowledgements.compare(open(connect, name, {}));
        const ofThem = `of ${acknowledged} that were acknowledged, and ${failed.length} of ${RUNS} runs ended with an error`;
        console.info(
          `${kind}, without durability: the failover lost ${lost.length} checkpoints and batches of writes ${ofThem}.`,
        );
        expect(damaged).toEqual([]);
        await closeAll(name);
      }),
    );
  });
}

/** How a master that works dies ahead of its replica: for its last moments, what it is told does not reach the replica. */
async function aheadOf(replica: RedisServer, master: RedisServer) {
  const setPassword = (text: string) => onServer(replica.url, (redis) => redis.config("SET", "masterauth", text));
  let before = 0;
  await setPassword("not the password");
  return {
    async cutOff(): Promise<void> {
      await onServer(master.url, async (redis) => {
        await redis.call("CLIENT", "KILL", "TYPE", "replica");
        before = scriptCalls(await redis.info("commandstats"));
      });
    },
    async kill(): Promise<void> {
      try {
        // No more: with durability, a client has to wait for each of them.
        await eventually("the master runs scripts of which the replica does not hear", () =>
          onServer(master.url, async (redis) => scriptCalls(await redis.info("commandstats")) - before >= 3),
        );
        await master.kill();
      } finally {
        await setPassword(master.password);
      }
    },
  };
}

function scriptCalls(commandStats: string): number {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(commandStats)?.[1] ?? 0);
}
