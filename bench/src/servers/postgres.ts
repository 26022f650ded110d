import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { createDatabase, startPostgres } from "@holdfast/test-servers";
import { PostgresSaver as OfficialSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";
import type { Meter } from "../measuring/cost.js";
import { ServerCpu } from "../measuring/server-cpu.js";
import type { AtEnd } from "../scenario.js";
import { type ConnectionCounters, countingPool } from "./counting-pool.js";
import { schemaBytes } from "./postgres-size.js";
import type { Floor, SaverUnderTest } from "./saver-under-test.js";

/** The savers for Postgres, and the schema that each keeps its tables in. */
export const POSTGRES_SAVERS = {
  holdfast: { schema: "holdfast", open: (pool: pg.Pool) => new PostgresSaver(pool) },
  official: { schema: "public", open: (pool: pg.Pool) => new OfficialSaver(pool) },
} as const;

/** What a bare INSERT is measured with. */
const FLOOR_TABLE = "create table floor (id bigint generated always as identity primary key, content bytea not null)";
export const FLOOR_INSERT = "insert into floor (content) values ($1)";

export interface OpenOptions {
  /** How the contender reaches the server, e.g. through a proxy: the URL for it. Default: directly. */
  readonly route?: (url: string) => string | Promise<string>;
}

/** A Postgres server of its own, durable, with a database for each contender. */
export interface PostgresUnderTest {
  readonly version: string;
  readonly cpu: ServerCpu;
  /** A new database in which the saver has been set up. */
  database(of: keyof typeof POSTGRES_SAVERS | "floor"): Promise<string>;
  saver(name: keyof typeof POSTGRES_SAVERS, options?: OpenOptions): Promise<SaverUnderTest>;
  floor(options?: OpenOptions): Promise<Floor>;
}

export async function startPostgresUnderTest(atEnd: AtEnd): Promise<PostgresUnderTest> {
  const server = await startPostgres({ private: true });
  atEnd(() => server.stop());
  const cpu = new ServerCpu(server.pid);

  async function database(of: keyof typeof POSTGRES_SAVERS | "floor"): Promise<string> {
    const { url } = await createDatabase(server.url);
    const pool = new pg.Pool({ connectionString: url });
    if (of === "floor") await pool.query(FLOOR_TABLE);
    else await POSTGRES_SAVERS[of].open(pool).setup();
    await pool.end();
    return url;
  }

  /** Reads beside the contender, on a connection of its own. */
  async function meter(url: string, schema: string, count: () => ConnectionCounters): Promise<Meter> {
    const observer = new pg.Client({ connectionString: url });
    observer.on("error", () => {});
    await observer.connect();
    atEnd(() => observer.end());
    return {
      async read() {
        const { rows } = await observer.query<{ bytes: string }>("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as bytes");
        return { serverCpuMs: cpu.read(), walBytes: Number(rows[0]?.bytes), ...count() };
      },
      storedBytes: () => schemaBytes(observer, schema),
    };
  }

  async function connect(
    url: string,
    schema: string,
    { route = (direct) => direct }: OpenOptions,
  ): Promise<{ readonly pool: pg.Pool; readonly meter: Meter }> {
    const { pool, count } = countingPool(await route(url));
    atEnd(() => pool.end());
    return { pool, meter: await meter(url, schema, count) };
  }

  return {
    version: server.version,
    cpu,
    database,
    async saver(name, options = {}) {
      const { schema, open } = POSTGRES_SAVERS[name];
      const url = await database(name);
      const { pool, meter } = await connect(url, schema, options);
      return { url, saver: open(pool), fresh: () => open(pool), meter };
    },
    async floor(options = {}) {
      const { pool, meter } = await connect(await database("floor"), "public", options);
      return {
        meter,
        async write(bytes) {
          await pool.query(FLOOR_INSERT, [bytes]);
        },
        async read() {
          const { rows } = await pool.query<{ content: Buffer }>("select content from floor order by id desc limit 1");
          return rows[0]?.content ?? Buffer.alloc(0);
        },
      };
    },
  };
}
