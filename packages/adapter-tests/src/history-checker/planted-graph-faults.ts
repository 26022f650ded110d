import type { CheckpointPendingWrite, CheckpointTuple } from "@langchain/langgraph-checkpoint";
import type { KeepingSaver } from "../retention/target.js";

/** Faults by name: by which finding one is told, and what of a saver it changes. */
export type PlantedFaults = Readonly<
  Record<string, { readonly finding: RegExp; readonly plant: (saver: KeepingSaver) => Partial<KeepingSaver> }>
>;

export const namespaceOf = (tuple: CheckpointTuple): string => String(tuple.config.configurable?.checkpoint_ns);

/** Faults that only real graphs show. */
export const PLANTED_GRAPH_FAULTS = {
  "writes of a graph lose their task paths": {
    finding: /a delta channel with/,
    plant: (saver) => ({ putWrites: (config, writes, task) => saver.putWrites(config, writes, task) }),
  },
  "questions of parallel tasks change places": {
    finding: /that . asks/,
    plant: (saver) => ({
      async getTuple(config) {
        const tuple = await saver.getTuple(config);
        const asked = tuple?.pendingWrites?.filter(([, channel]) => channel === "__interrupt__") ?? [];
        if (tuple?.pendingWrites === undefined || asked.length < 2) return tuple;
        const swapped = new Map(asked.map(([task], n) => [task, asked[(n + 1) % asked.length]?.[2]]));
        const pendingWrites = tuple.pendingWrites.map(
          ([task, channel, value]): CheckpointPendingWrite => [
            task,
            channel,
            channel === "__interrupt__" ? swapped.get(task) : value,
          ],
        );
        return { ...tuple, pendingWrites };
      },
    }),
  },
  "the history of a delta channel ends one checkpoint early": {
    finding: /a delta channel with|another delta channel/,
    plant: (saver) => ({
      async getDeltaChannelHistory(options) {
        const history = await saver.getDeltaChannelHistory(options);
        return Object.fromEntries(
          Object.entries(history).map(([channel, { writes, ...seed }]) => [channel, { ...seed, writes: writes.slice(1) }]),
        );
      },
    }),
  },
  "only the first put of a run may be a conflict": {
    finding: /on a head that was not the head any more/,
    plant: (saver) => ({
      put(config, checkpoint, metadata, versions) {
        if (metadata.source === "input") return saver.put(config, checkpoint, metadata, versions);
        // As from outside of a run, which names its parent. Entries leave out what is under symbols.
        const { writer: _, ...outside } = { ...config, writer: undefined };
        const configurable = Object.fromEntries(Object.entries(config.configurable ?? {}));
        return saver.put({ ...outside, configurable }, checkpoint, metadata, versions);
      },
    }),
  },
  "a subgraph is given what another task's has": {
    finding: /reads .*\/inner:/,
    plant: (saver) => ({
      async getTuple(config) {
        const { thread_id, checkpoint_ns = "" } = config.configurable ?? {};
        const tuple = await saver.getTuple(config);
        const [node] = String(checkpoint_ns).split(":");
        if (tuple !== undefined || node !== "inner") return tuple;
        for await (const other of saver.list({ configurable: { thread_id } })) {
          if (namespaceOf(other).startsWith("inner:"))
            return { ...other, config: { configurable: { ...other.config.configurable, checkpoint_ns } } };
        }
        return undefined;
      },
    }),
  },
} satisfies PlantedFaults;
