import type { PostgresServer } from "./postgres-server.js";

/** Pinned: a test that fails must not do so because an image changed. */
const IMAGE = "postgres:17.6-alpine3.22";

const USER = "holdfast";
const PASSWORD = "holdfast";

/** A server in a container, by testcontainers, for machines that have a container runtime and want no binaries. */
export async function startPostgresContainer(
  settings: Readonly<Record<string, string>>,
  durable: boolean,
): Promise<PostgresServer> {
  // Loaded only here: it is large, and needs a container runtime.
  const { GenericContainer, Wait } = await import("testcontainers");
  const all = { max_connections: "300", ...(durable ? {} : { fsync: "off", full_page_writes: "off" }), ...settings };
  const container = await new GenericContainer(IMAGE)
    .withEnvironment({ POSTGRES_USER: USER, POSTGRES_PASSWORD: PASSWORD, POSTGRES_DB: "postgres" })
    .withExposedPorts(5432)
    .withCommand(["postgres", ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])])
    // Twice: the image starts the server once to initialize it, and then for good.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start();
  const host = container.getHost();
  const port = container.getMappedPort(5432);
  const refuse = async (): Promise<never> => {
    throw new Error("A server in a container cannot be killed here; startPostgres({ private: true }) gives one that can.");
  };
  return {
    url: `postgres://${USER}:${PASSWORD}@${host}:${port}/postgres`,
    host,
    port,
    user: USER,
    password: PASSWORD,
    version: IMAGE.slice("postgres:".length).split("-")[0] ?? "",
    source: "container",
    pid: undefined,
    start: refuse,
    kill: refuse,
    stop: async () => void (await container.stop()),
  };
}
