import { Redis } from "ioredis";

/** All keys that begin so, on these servers: a raw look at what is there, such as no saver takes. */
export async function keysUnder(servers: readonly string[], keyPrefix: string): Promise<string[]> {
  const lists = await Promise.all(
    servers.map((url) =>
      onServer(url, async (redis) => {
        const keys: string[] = [];
        for await (const some of redis.scanStream({ match: `${literally(keyPrefix)}:*`, count: 1_000 })) keys.push(...some);
        return keys;
      }),
    ),
  );
  // SCAN may give a key twice.
  return [...new Set(lists.flat())].sort();
}

/** In a pattern, characters that stand for nothing but themselves. */
function literally(text: string): string {
  return text.replace(/[*?[\]\\^]/g, (char) => `\\${char}`);
}

export async function onServer<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** Ends the connections of the clients that are called so, as an administrator does. Gives their number. */
export async function endConnections(servers: readonly string[], connectionName: string): Promise<number> {
  const counts = await Promise.all(
    servers.map((url) =>
      onServer(url, async (redis) => {
        const clients = String(await redis.call("CLIENT", "LIST")).split("\n");
        const found = clients.filter((line) => line.includes(` name=${connectionName} `));
        for (const line of found) await redis.call("CLIENT", "KILL", "ID", /^id=(\d+) /.exec(line)?.[1] ?? "");
        return found.length;
      }),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The parts of a thread, and of which there must be none without it. */
const PARTS = ["thread", "checkpoints", "order", "segments", "writes"];

/** What lies underneath for a thread, the tombstone left out: its keys by kind, its entries in the index, and keys of which the thread is not there. */
export async function inspectThread(
  servers: readonly string[],
  keyPrefix: string,
  threadId: string,
): Promise<Record<string, number>> {
  const keys = await keysUnder(servers, keyPrefix);
  const own = PARTS.map((part): [string, number] => [part, keys.includes(threadKey(keyPrefix, threadId, part)) ? 1 : 0]);
  const parts = keys.filter((key) => PARTS.includes(partOf(key)));
  const orphans = parts.filter((key) => !keys.includes(key.replace(/[^:]*$/, "thread")));
  return { ...Object.fromEntries(own), entries: await entriesOf(servers, keys, threadId), orphans: orphans.length };
}

/** A key's name as docs/operate/redis.md has it. */
export function threadKey(keyPrefix: string, threadId: string, part: string): string {
  return `${keyPrefix}:{${threadId.replaceAll("%", "%25").replaceAll("{", "%7B").replaceAll("}", "%7D")}}:${part}`;
}

function partOf(key: string): string {
  return key.slice(key.lastIndexOf(":") + 1);
}

/** In how many sets of the index a thread stands: by creation, by expiry, by last write, by lease. */
async function entriesOf(servers: readonly string[], keys: readonly string[], threadId: string): Promise<number> {
  const sets = keys.filter((key) => /:index:\{\d+\}:(created|expiry|updated|leases)$/.test(key));
  const scores = await Promise.all(
    servers.map((url) => onServer(url, (redis) => Promise.all(sets.map((set) => redis.zscore(set, threadId).catch(() => null))))),
  );
  return scores.flat().filter((score) => score !== null).length;
}
