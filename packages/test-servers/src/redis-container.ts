import type { RedisSettings } from "./redis-process.js";
import type { RedisServer } from "./redis-server.js";

/** Pinned: a test that fails must not do so because an image changed. */
const IMAGE = "redis:8.2.2-alpine";

const PASSWORD = "correct-horse-battery";

/** A server in a container, by testcontainers, for machines that have a container runtime and want no binaries. */
export async function startRedisContainer(settings: RedisSettings): Promise<RedisServer> {
  // Loaded only here: it is large, and needs a container runtime.
  const { GenericContainer, Wait } = await import("testcontainers");
  const all = { requirepass: PASSWORD, save: "", appendonly: "no", "maxmemory-policy": "noeviction", ...settings };
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts(6379)
    .withCommand([
      "redis-server",
      ...Object.entries(all).flatMap(([name, values]) => [values].flat().flatMap((value) => [`--${name}`, value])),
    ])
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
    .start();
  const host = container.getHost();
  const port = container.getMappedPort(6379);
  const refuse = async (): Promise<never> => {
    throw new Error("A server in a container cannot be killed here; startRedis({ private: true }) gives one that can.");
  };
  return {
    url: `redis://:${PASSWORD}@${host}:${port}`,
    host,
    port,
    password: PASSWORD,
    version: IMAGE.slice("redis:".length).split("-")[0] ?? "",
    source: "container",
    pid: undefined,
    start: refuse,
    kill: refuse,
    pause: refuse,
    resume: refuse,
    stop: async () => void (await container.stop()),
  };
}
