import type { LeasingSaver } from "../lease-target.js";
import { at, checkpointOf } from "../plain-checkpoints.js";
import type { LeasedLists, ListLease } from "./leased-lists.js";

/** A thread's list is a channel of its latest checkpoint. */
export async function listOf(saver: LeasingSaver, thread: string): Promise<readonly string[]> {
  const tuple = await saver.getTuple(at(thread));
  return (tuple?.checkpoint.channel_values.list ?? []) as string[];
}

/** Lists in the threads of a saver. */
export function saverLists(saver: LeasingSaver): LeasedLists {
  return {
    async acquire(thread, options): Promise<ListLease> {
      const lease = await saver.acquireThread(thread, options);
      return {
        token: lease.token,
        async append(value) {
          const head = await saver.getTuple(at(thread));
          const list = (head?.checkpoint.channel_values.list ?? []) as string[];
          const checkpoint = checkpointOf({ list: [...list, value] }, list.length + 1);
          // The whole run is fenced by the token; the signal, which would end it sooner, is left out of it.
          const configurable = { ...lease.config.configurable, ...at(thread, head?.checkpoint.id).configurable };
          await saver.put({ configurable }, checkpoint, { source: "loop", step: 0, parents: {} }, checkpoint.channel_versions);
        },
        release: () => lease.release(),
        leave: () => lease.leave(),
      };
    },
  };
}
