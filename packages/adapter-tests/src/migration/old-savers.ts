import { createDatabase } from "@holdfast/test-servers";
import { type BaseCheckpointSaver, MemorySaver } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";
import { inject } from "vitest";
import { wasmSqlite } from "./wasm-sqlite.js";

/** A saver of upstream's, on a store of its own. */
export interface OldStore {
  readonly saver: BaseCheckpointSaver;
  /** Another saver on the same store, as another process would have; the same one where there is no such thing. */
  another(): BaseCheckpointSaver;
  close(): Promise<void>;
}

/** The savers that a service may come from. */
export const oldStores: Readonly<Record<string, () => Promise<OldStore>>> = {
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

export async function officialPostgres(): Promise<OldStore> {
  const database = await createDatabase(inject("holdfastPostgresUrl"));
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
