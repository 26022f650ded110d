import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph-checkpoint";
import { noMeter } from "../measuring/cost.js";
import type { Contender } from "../measuring/in-turns.js";
import type { Run } from "../scenario.js";
import { type OpenOptions, startPostgresUnderTest } from "./postgres.js";
import { startRedisFloor, startRedisSaver } from "./redis.js";
import type { Floor, SaverUnderTest } from "./saver-under-test.js";

export type SaverName = "postgres" | "redis" | "official" | "memory";
export type FloorName = "postgresFloor" | "redisFloor";
export type ContenderName = SaverName | FloorName;

/** Everyone who takes part in a scenario; who is on a store that is not measured is missing. */
export interface Lineup {
  readonly savers: Partial<Record<SaverName, SaverUnderTest>>;
  readonly floors: Partial<Record<FloorName, Floor>>;
}

/** Both savers of Postgres and the floor on one server; on Redis each on one of its own; and `MemorySaver`. */
export async function openLineup(run: Run, options: OpenOptions & { readonly memory?: boolean } = {}): Promise<Lineup> {
  const savers: Partial<Record<SaverName, SaverUnderTest>> = {};
  const floors: Partial<Record<FloorName, Floor>> = {};
  if (run.stores.includes("postgres")) {
    const server = await startPostgresUnderTest(run.atEnd);
    savers.postgres = await server.saver("holdfast", options);
    savers.official = await server.saver("official", options);
    floors.postgresFloor = await server.floor(options);
  }
  if (run.stores.includes("redis")) {
    savers.redis = await startRedisSaver(run.atEnd, options);
    floors.redisFloor = await startRedisFloor(run.atEnd, options);
  }
  if (options.memory !== false) {
    const saver = new MemorySaver();
    // It has nothing but what it keeps: another one would have no thread at all.
    savers.memory = { url: "", saver, fresh: () => saver, meter: noMeter };
  }
  return { savers, floors };
}

type Work = (round: number) => Promise<unknown>;

/** All of a lineup at the same work. What they need before, each gets from its function here. */
export async function contendersOf(
  { savers, floors }: Lineup,
  work: {
    saver(saver: BaseCheckpointSaver, name: SaverName, opened: SaverUnderTest): Work | Promise<Work>;
    floor(floor: Floor): Work | Promise<Work>;
  },
): Promise<Partial<Record<ContenderName, Contender>>> {
  const contenders: Partial<Record<ContenderName, Contender>> = {};
  for (const [name, opened] of Object.entries(savers) as [SaverName, SaverUnderTest][]) {
    contenders[name] = { meter: opened.meter, work: await work.saver(opened.saver, name, opened) };
  }
  for (const [name, floor] of Object.entries(floors) as [FloorName, Floor][]) {
    contenders[name] = { meter: floor.meter, work: await work.floor(floor) };
  }
  return contenders;
}
