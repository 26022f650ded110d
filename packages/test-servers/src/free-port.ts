import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A port on which nothing listens, below the range from which systems give ports to outgoing connections (Linux from 32768, macOS from 49152):
 * a server that was killed and starts again on its port would sometimes find it taken by a client of somebody else.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
  throw new Error("no free TCP port found between 20000 and 32000 on 127.0.0.1");
}

/** A port for a node of a Redis cluster: on the port 10,000 above it, the nodes talk to each other. Both are below the range of outgoing ones. */
export async function freeClusterPort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(20_000, 22_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
  throw new Error("no free TCP port found between 20000 and 22000 on 127.0.0.1 with a free one 10000 above it");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
