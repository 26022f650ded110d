import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { type PostgresServer, startPostgres } from "@holdfast/test-servers";

/** A server that may be killed, with the tables in its database `postgres`. */
export async function startServerWithTables(): Promise<PostgresServer> {
  const server = await startPostgres({ private: true });
  const saver = PostgresSaver.fromConnString(server.url);
  await saver.setup();
  await saver.end();
  return server;
}
