import { type RedisServer, spawnNode } from "@holdfast/test-servers";
import { ServerCpu } from "../measuring/server-cpu.js";
import { median, medianRatio } from "../measuring/statistics.js";
import type { Plot } from "../report/plot.js";
import { count, kb, ms, NONE, ratio, type Table } from "../report/table.js";
import type { Run, Scenario } from "../scenario.js";
import { startPostgresUnderTest } from "../servers/postgres.js";
import { startRedisFloor, startRedisSaver } from "../servers/redis.js";
import type { ThroughputOrder, ThroughputReport, ThroughputStore, ThroughputTask } from "../throughput-process.js";

const THREADS = 64;
const PROCESSES = [1, 2, 4];
const STATE_BYTES = 30_000;
const CHANGE_BYTES = 1_000;

/** Where a contender stores, and whose CPU that costs. */
interface Target {
  readonly url: string;
  readonly cpu: ServerCpu;
}

/** One go of one contender. */
interface Go extends ThroughputReport {
  readonly checkpointsPerSecond: number;
  readonly serverCpuMs: number;
}

const LABELS: Readonly<Record<ThroughputStore, string>> = {
  "holdfast postgres": "Holdfast Postgres",
  "official postgres": "official Postgres",
  insert: "one `INSERT` each",
  "holdfast redis": "Holdfast Redis",
  set: "one `SET` each",
};

/** Checkpoints a second of many threads at once, on several processes. */
export const throughput: Scenario = async (run) => {
  const [rounds, warmUp, checkpoints] = run.quick ? [2, 1, 8] : [5, 4, 20];
  const targets = await openTargets(run);
  const stores = Object.keys(targets) as ThroughputStore[];
  const goes = new Map<string, Go[]>();
  const of = (store: ThroughputStore, processes: number): readonly Go[] => goes.get(`${store} ${processes}`) ?? [];
  const rates = (store: ThroughputStore, processes: number): number[] =>
    of(store, processes).map(({ checkpointsPerSecond }) => checkpointsPerSecond);

  for (const processes of PROCESSES) {
    const teams = await Promise.all(
      stores.map(async (store) => ({ store, team: await startTeam(store, targets[store] as Target, processes, checkpoints) })),
    );
    run.atEnd(() => Promise.all(teams.map(({ team }) => team.end())));
    // A service has run for longer than a round: at first, most of a process's time goes to code that is not compiled yet. Processes that share the threads
    // have each done as much as a single one has.
    for (const { team } of teams)
      for (let round = 0; round < warmUp * processes; round += 1) await team.go(`${processes} processes, warm-up ${round}`);
    for (let round = 0; round < rounds; round += 1) {
      for (let place = 0; place < teams.length; place += 1) {
        const { store, team } = teams[(place + round) % teams.length] as (typeof teams)[number];
        const key = `${store} ${processes}`;
        goes.set(key, [...(goes.get(key) ?? []), await team.go(`${processes} processes, round ${round}`)]);
      }
    }
    await Promise.all(teams.map(({ team }) => team.end()));
    const told = stores.map((store) => `${store} ${count(median(rates(store, processes)))}`);
    run.progress(`${processes} processes: ${told.join(", ")} checkpoints a second`);
  }

  const against = (store: ThroughputStore, other: ThroughputStore, processes: number): number =>
    medianRatio(rates(store, processes), rates(other, processes));
  const table: Table = {
    title: "Many threads at once",
    note: `${THREADS} threads on several processes, each with a connection to Redis or ten to Postgres. A thread begins with ${kb(STATE_BYTES)} of messages and puts ${checkpoints} checkpoints one after the other, each with one more message of ${count(CHANGE_BYTES)} characters. Before it is measured, each process has put ${count(warmUp * THREADS * checkpoints)} of them. All processes and the server share the machine. CPU and bytes are those of one checkpoint.`,
    columns: ["processes", "by", "checkpoints/s", "/ official", "/ floor", "client CPU", "server CPU", "sent", "statements"],
    rows: PROCESSES.flatMap((processes) =>
      stores.map((store) => {
        const floor = store.endsWith("postgres") ? "insert" : store.endsWith("redis") ? "set" : undefined;
        const each = (part: (go: Go) => number): number => median(of(store, processes).map(part)) / (THREADS * checkpoints);
        return [
          processes,
          LABELS[store],
          count(median(rates(store, processes))),
          store === "official postgres" ? NONE : ratio(against(store, "official postgres", processes)),
          floor === undefined ? NONE : ratio(against(store, floor, processes)),
          ms(each(({ clientCpuMs }) => clientCpuMs)),
          ms(each(({ serverCpuMs }) => serverCpuMs)),
          kb(each(({ bytesSent }) => bytesSent)),
          count(each(({ statements }) => statements)),
        ];
      }),
    ),
  };
  const plot: Plot = {
    name: "throughput",
    title: `Checkpoints a second, ${THREADS} threads`,
    xLabel: "processes",
    yLabel: "checkpoints a second",
    series: stores.map((store) => ({
      name: LABELS[store].replaceAll("`", ""),
      points: PROCESSES.map((processes) => [processes, median(rates(store, processes))] as const),
    })),
  };
  return {
    tables: [table],
    plots: [plot],
    figures: {
      "throughput / official": against("holdfast postgres", "official postgres", 4),
      "throughput / INSERT": against("holdfast postgres", "insert", 4),
    },
  };
};

/** On Postgres a database for each, on Redis a server. */
async function openTargets(run: Run): Promise<Partial<Record<ThroughputStore, Target>>> {
  const targets: Partial<Record<ThroughputStore, Target>> = {};
  if (run.stores.includes("postgres")) {
    const server = await startPostgresUnderTest(run.atEnd);
    const { cpu } = server;
    targets["holdfast postgres"] = { url: await server.database("holdfast"), cpu };
    targets["official postgres"] = { url: await server.database("official"), cpu };
    targets.insert = { url: await server.database("floor"), cpu };
  }
  if (run.stores.includes("redis")) {
    targets["holdfast redis"] = onRedis((await startRedisSaver(run.atEnd)).server);
    targets.set = onRedis((await startRedisFloor(run.atEnd)).server);
  }
  return targets;
}

function onRedis({ url, pid }: RedisServer): Target {
  return { url, cpu: new ServerCpu(pid) };
}

/** Processes that do a contender's work. */
interface Team {
  go(round: string): Promise<Go>;
  end(): Promise<unknown>;
}

async function startTeam(store: ThroughputStore, { url, cpu }: Target, processes: number, checkpoints: number): Promise<Team> {
  const task: ThroughputTask = { store, url, checkpoints, stateBytes: STATE_BYTES, changeBytes: CHANGE_BYTES };
  const script = new URL("./throughput-process.mjs", import.meta.url);
  const workers = await Promise.all(Array.from({ length: processes }, () => spawnNode(script, { args: [JSON.stringify(task)] })));

  /** Tells each worker something, and waits until each has answered. */
  const tell = async (order: (worker: number) => ThroughputOrder): Promise<unknown[]> => {
    await Promise.all(workers.map((worker, n) => worker.send(order(n))));
    return Promise.all(workers.map((worker) => worker.nextMessage()));
  };
  return {
    async go(round) {
      const threads = Array.from({ length: THREADS }, (_, n) => `${round}, thread ${n}`);
      await tell((worker) => ({ prepare: threads.filter((_, n) => n % processes === worker) }));
      const cpuBefore = cpu.read();
      const start = performance.now();
      const reports = (await tell(() => ({}))) as ThroughputReport[];
      const seconds = (performance.now() - start) / 1_000;
      const sum = (part: (report: ThroughputReport) => number): number =>
        reports.reduce((total, report) => total + part(report), 0);
      return {
        checkpointsPerSecond: (THREADS * checkpoints) / seconds,
        serverCpuMs: cpu.read() - cpuBefore,
        clientCpuMs: sum(({ clientCpuMs }) => clientCpuMs),
        statements: sum(({ statements }) => statements),
        bytesSent: sum(({ bytesSent }) => bytesSent),
        bytesReceived: sum(({ bytesReceived }) => bytesReceived),
      };
    },
    end: () => Promise.all(workers.map((worker) => worker.kill())),
  };
}
