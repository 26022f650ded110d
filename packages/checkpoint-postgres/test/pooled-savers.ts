import type { TestedSaver } from "@holdfast/adapter-tests";
import { PostgresSaver, type PostgresSaverOptions } from "@holdfast/checkpoint-postgres";
import { eventually } from "@holdfast/test-servers";
import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { CountedPool } from "./counted-pool.js";

const pools = new WeakMap<object, CountedPool>();

/** A saver on a pool of its own that counts. */
export function openPooled(url: string, options?: PostgresSaverOptions, serde?: SerializerProtocol): PostgresSaver {
  const pool = new CountedPool(url, 6);
  const saver = new PostgresSaver(pool, serde, options);
  pools.set(saver, pool);
  return saver;
}

/** The pool that a saver was opened with. */
export function poolOf(saver: object): CountedPool {
  const pool = pools.get(saver);
  if (pool === undefined) throw new Error("This saver was not opened by openPooled.");
  return pool;
}

/** Ends a saver, and its pool when every client is given back. Again, it is only the saver that is ended again. */
export async function closePooled(saver: TestedSaver): Promise<void> {
  await saver.end();
  const pool = pools.get(saver);
  if (pool === undefined) return;
  pools.delete(saver);
  await eventually("every client is given back", () => pool.lent === 0);
  await pool.end();
}
