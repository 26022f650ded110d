import { createDatabase } from "@holdfast/test-servers";
import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { wasmSqlite } from "./wasm-sqlite.js";

/** A saver of upstream's, on a store of its own. */
export interface OldStore {
  readonly saver: BaseCheckpointSaver;
  /** Another saver on the same store, as another process would have; the same one where there is no such thing. */
  another(): BaseCheckpointSaver;
  close(): Promise<void>;
}

/** The savers that a service may come from. Those on Postgres make a database of their own on the server. */
export const oldStores: Readonly<Record<string, (postgresUrl: string) => Promise<OldStore>>> = {
  MemorySaver: async () => {
    const saver = new MemorySaver();
    return { saver, another: () => saver, close: async () => {} };
  },
  "the official Postgres saver": officialPostgres,
  "the official SQLite saver": async () => {
    const database = await wasmSqlite();
    const saver = new SqliteSaver(database as unknown as SqliteSaver["db"]);
    return { saver, another: () => saver, close: async () => database.close() };
  },
};

/** @param postgresUrl a superuser on a server on which a database can be made. */
export async function officialPostgres(postgresUrl: string): Promise<OldStore> {
  const database = await createDatabase(postgresUrl);
  const savers: PostgresSaver[] = [];
  const another = (): PostgresSaver => {
    const saver = PostgresSaver.fromConnString(database.url);
    savers.push(saver);
    return saver;
  };
  const saver = another();
  await saver.setup();
  return {
    saver,
    another,
    async close() {
      await Promise.all(savers.map((each) => each.end()));
      await database.drop();
    },
  };
}
