import { eventually, type NodeChild, spawnNode, startTcpProxy, type TcpProxy } from "@holdfast/test-servers";
import type { ClientTells } from "../children/lease-client.js";
import { storeEnvironment } from "../children/store-url.js";
import { now } from "../recorded.js";
import { integerOf, type Random } from "../seeded.js";
import type { History, Operation } from "./history.js";

interface Client {
  readonly name: string;
  readonly proxy: TcpProxy | undefined;
  readonly child: NodeChild;
  /** When all that it told has been taken. */
  readonly drained: Promise<void>;
}

export interface CheckerSetting {
  /** The bundled program of a client. */
  readonly script: string;
  readonly url: string;
  /** Where the store is for those who go through the proxy; `undefined`: nobody does. */
  readonly through: ((proxy: TcpProxy, url: string) => string) | undefined;
  readonly failOver: ((random: Random) => Promise<void>) | undefined;
  readonly random: Random;
  readonly clients: number;
  /** Asked now and then. */
  isOver(): boolean;
}

/** Clients take leases and write, while they are killed, frozen and cut off; what they were told. */
export async function operationsUnderFaults(setting: CheckerSetting): Promise<Pick<History, "operations" | "cuts">> {
  const { random, through, failOver } = setting;
  const operations = new Map<string, Operation>();
  const cuts: History["cuts"][number][] = [];
  let told = 0;
  let started = 0;

  async function start(): Promise<Client> {
    started += 1;
    const name = `client ${started}`;
    const server = new URL(setting.url);
    const proxy = through && (await startTcpProxy({ host: server.hostname, port: Number(server.port) }));
    const child = await spawnNode(setting.script, {
      args: [name, String(integerOf(random, 0, 2 ** 32 - 1))],
      env: storeEnvironment(through && proxy ? through(proxy, setting.url) : setting.url),
    });
    const drain = async (): Promise<void> => {
      for await (const message of child.messages as AsyncIterable<ClientTells>) {
        if (message === "over") continue;
        operations.set(message.id, message.operation);
        told += 1;
      }
    };
    return { name, proxy, child, drained: drain() };
  }

  async function end({ child, proxy, drained }: Client, how: () => Promise<unknown>): Promise<void> {
    await how();
    await child.exited;
    await drained;
    await proxy?.stop();
  }

  /** Until so much more has happened: faults come by what the clients did, not by time. */
  async function until(more: number): Promise<void> {
    const enough = told + more;
    await eventually("the clients go on", () => told >= enough || setting.isOver(), { timeoutMs: 60_000 });
  }

  let clients = await Promise.all(Array.from({ length: setting.clients }, start));
  const faults: ((client: Client) => Promise<void>)[] = [
    async (client) => {
      await end(client, () => client.child.kill());
      clients = [...clients.filter((each) => each !== client), await start()];
    },
    async ({ child }) => {
      await child.stop();
      // The others get its lease when its time is up.
      await until(integerOf(random, 10, 60));
      child.continue();
    },
  ];
  const faultsOfTheNetwork: ((proxy: TcpProxy, client: string) => Promise<void>)[] = [
    async (proxy, client) => {
      const from = now();
      proxy.cut();
      cuts.push({ client, from, to: now() });
    },
    async (proxy) => {
      // What a holder asks for comes when its lease has ended.
      proxy.delay(integerOf(random, 50, 400));
      await until(integerOf(random, 10, 100));
      proxy.delay(0);
    },
    async (proxy, client) => {
      const from = now();
      proxy.blackhole();
      await until(integerOf(random, 10, 60));
      proxy.restore();
      cuts.push({ client, from, to: now() });
    },
  ];
  for (const fault of through === undefined ? [] : faultsOfTheNetwork) {
    faults.push(async ({ name, proxy }) => proxy && fault(proxy, name));
  }
  // In the background: what else happens, happens meanwhile.
  let isFailingOver = false;
  let failovers = Promise.resolve();
  const beginFailover = async (): Promise<void> => {
    if (isFailingOver || failOver === undefined) return;
    isFailingOver = true;
    const from = now();
    failovers = failOver(random).then(() => {
      cuts.push({ from, to: now() });
      isFailingOver = false;
    });
    // Thrown below.
    failovers.catch(() => {});
  };
  if (failOver !== undefined) {
    faults.push(beginFailover);
    await until(100);
    await beginFailover();
  }
  while (!setting.isOver()) {
    await until(integerOf(random, 10, 100));
    const client = clients[integerOf(random, 0, clients.length - 1)] as Client;
    await faults[integerOf(random, 0, faults.length - 1)]?.(client);
  }
  await failovers;
  await Promise.all(clients.map((client) => end(client, () => client.child.send("stop"))));
  return { operations: [...operations.values()], cuts };
}
