import { setTimeout as wait } from "node:timers/promises";
import { isHoldfastError, LeaseLostError, type ThreadLease, ThreadNotFoundError } from "@holdfast/checkpoint-core";
import { type CheckpointTuple, emptyCheckpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import type { KeepingSaver } from "../retention/target.js";
import { namespaceOf, PLANTED_GRAPH_FAULTS, type PlantedFaults } from "./planted-graph-faults.js";

/** How much later a request arrives that was late. */
const LATE_MS = 60;

const hasCode = (error: unknown, code: string): boolean => isHoldfastError(error) && error.code === code;

/** What runs late fails unseen, as a request whose client is gone. */
const later = (work: () => Promise<unknown>): void =>
  void wait(LATE_MS)
    .then(work)
    .catch(() => {});

/** Puts a checkpoint that was refused since its thread was deleted as the first one of a thread, where `isSo`. */
const putAnyway =
  (isSo: (...args: Parameters<KeepingSaver["put"]>) => boolean): PlantedFaults[string]["plant"] =>
  (saver) => ({
    async put(...args) {
      const [{ configurable = {} }, checkpoint, metadata] = args;
      try {
        return await saver.put(...args);
      } catch (error) {
        if (!hasCode(error, "HOLDFAST_THREAD_DELETED") || !isSo(...args)) throw error;
        const { thread_id, checkpoint_ns } = configurable;
        const whole = checkpoint.channel_versions;
        return saver.put({ configurable: { thread_id, checkpoint_ns } }, checkpoint, { ...metadata, parents: {} }, whole);
      }
    },
  });

function withToken(lease: ThreadLease, token: string): ThreadLease {
  return Object.create(lease, {
    token: { value: token },
    release: { value: () => lease.release() },
    leave: { value: () => lease.leave() },
  });
}

/** Faults that the checker must find, each as if a fix were taken out of the stores, and by which finding it is told. */
export const PLANTED_FAULTS = {
  "a lost connection ends the process": {
    finding: /a process ended by itself/,
    plant: (saver) => ({
      async getTuple(config) {
        try {
          return await saver.getTuple(config);
        } catch (error) {
          if (hasCode(error, "HOLDFAST_STORE_UNAVAILABLE")) process.exit(1);
          throw error;
        }
      },
    }),
  },
  "a token is issued twice": {
    finding: /was granted twice|after token/,
    plant: (saver) => {
      const last = new Map<string, string>();
      return {
        async acquireThread(thread, options) {
          const lease = await saver.acquireThread(thread, options);
          const token = last.get(thread) ?? lease.token;
          last.set(thread, token);
          return withToken(lease, token);
        },
      };
    },
  },
  "a subgraph brings its deleted thread back": {
    finding: /\/sub|\/task/,
    plant: putAnyway(({ configurable }) => configurable?.checkpoint_ns !== ""),
  },
  "late writes leave a thread of nothing else": {
    finding: /underneath/,
    plant: (saver) => ({
      async putWrites(config, writes, task) {
        try {
          await saver.putWrites(config, writes, task);
        } catch (error) {
          if (hasCode(error, "HOLDFAST_THREAD_DELETED")) {
            await saver.putWrites({ configurable: { ...config.configurable, checkpoint_id: "none" } }, writes, task);
          }
          throw error;
        }
      },
    }),
  },
  "a put under a lease brings its deleted thread back": {
    finding: /was acknowledged, after|resurrected/,
    plant: putAnyway(({ configurable = {} }) => Object.keys(configurable).some((key) => key.includes("holdfast"))),
  },
  "an overtaken run goes on": {
    finding: /after token|without a lease while|while .* had token/,
    plant: (saver) => ({
      async put(config, ...args) {
        try {
          return await saver.put(config, ...args);
        } catch (error) {
          if (!(error instanceof LeaseLostError) || error.reason !== "overtaken") throw error;
          const lease = await saver.acquireThread(String(config.configurable?.thread_id), { whenBusy: "interrupt" });
          const { checkpoint_ns, checkpoint_id } = config.configurable ?? {};
          const configurable = { ...lease.config.configurable, checkpoint_ns, checkpoint_id };
          return await saver.put({ ...config, configurable }, ...args).finally(() => lease.release());
        }
      },
    }),
  },
  "a put that arrives late undoes the next one": {
    finding: /as it was before it was put again/,
    plant: (saver) => ({
      async put(...args) {
        const stored = await saver.put(...args);
        later(() => saver.put(...args));
        return stored;
      },
    }),
  },
  "a special write that arrives late replaces a newer one": {
    finding: /as it was before it was replaced/,
    plant: (saver) => ({
      async putWrites(...args) {
        await saver.putWrites(...args);
        later(() => saver.putWrites(...args));
      },
    }),
  },
  "a deletion that arrives late deletes the next thread": {
    finding: /which is lost or hidden/,
    plant: (saver) => ({
      async deleteThread(...args) {
        await saver.deleteThread(...args);
        later(() => saver.deleteThread(...args));
      },
    }),
  },
  "a copy is of half a thread": {
    finding: /not [bcd]/,
    plant: (saver) => ({
      async copyThread(from, to) {
        const tuples: CheckpointTuple[] = [];
        for await (const tuple of saver.list({ configurable: { thread_id: from } })) tuples.unshift(tuple);
        const half = tuples.filter((tuple) => namespaceOf(tuple) === "").slice(0, Math.ceil(tuples.length / 2));
        if (half.length < 2) return saver.copyThread(from, to);
        for await (const _ of saver.list({ configurable: { thread_id: to } })) return saver.copyThread(from, to);
        for (const { config, parentConfig, checkpoint, metadata } of half.slice(0, -1)) {
          const configurable = { ...(parentConfig ?? config).configurable, thread_id: to };
          if (parentConfig === undefined) delete (configurable as { checkpoint_id?: string }).checkpoint_id;
          await saver.put(
            { configurable },
            checkpoint,
            metadata ?? { source: "loop", step: 0, parents: {} },
            checkpoint.channel_versions,
          );
        }
        return { checkpoints: half.length };
      },
    }),
  },
  "a deletion of runs stops at a thread that is gone": {
    finding: /HOLDFAST_THREAD_NOT_FOUND by a deletion of runs/,
    plant: (saver) => ({
      async deleteForRuns(runs, options) {
        const before = new Set<string>();
        for await (const { threadId } of saver.listThreads()) before.add(threadId);
        const report = await saver.deleteForRuns(runs, options);
        for await (const { threadId } of saver.listThreads()) before.delete(threadId);
        for (const gone of before) throw new ThreadNotFoundError(gone);
        return report;
      },
    }),
  },
  "a thread that is leased is not listed": {
    finding: /not among them|lists not/,
    plant: (saver) => ({
      async *listThreads(options) {
        for await (const thread of saver.listThreads(options)) if (thread.lease === undefined) yield thread;
      },
    }),
  },
  "a put is acknowledged before it is stored": {
    finding: /reads not|lists not|as the latest/,
    plant: (saver) => ({
      async put(config, checkpoint, metadata, newVersions) {
        later(() => saver.put(config, checkpoint, metadata, newVersions));
        return { configurable: { ...config.configurable, checkpoint_id: checkpoint.id } };
      },
    }),
  },
  "the latest is the one with the highest id": {
    finding: /as the latest, and/,
    plant: (saver) => ({
      async getTuple(config) {
        const latest = await saver.getTuple(config);
        if (latest === undefined || config.configurable?.checkpoint_id !== undefined) return latest;
        let highest = latest;
        for await (const tuple of saver.list({ configurable: { ...config.configurable, checkpoint_ns: namespaceOf(latest) } })) {
          if (tuple.checkpoint.id > highest.checkpoint.id) highest = tuple;
        }
        return highest;
      },
    }),
  },
  "a write on a bad network is acknowledged and lost": {
    finding: /the write of .* not, which is lost/,
    plant: (saver) => ({
      async putWrites(...args) {
        await saver.putWrites(...args).catch((error: unknown) => {
          if (!hasCode(error, "HOLDFAST_STORE_UNAVAILABLE")) throw error;
        });
      },
    }),
  },
  "a process reads what it remembers": {
    finding: /as the latest, and|resurrected|again, which was gone/,
    plant: (saver) => {
      const remembered = new Map<string, CheckpointTuple>();
      return {
        async getTuple(config) {
          const key = JSON.stringify(config.configurable);
          const tuple = remembered.get(key) ?? (await saver.getTuple(config));
          if (tuple !== undefined) remembered.set(key, tuple);
          return tuple;
        },
      };
    },
  },
  "a value of another thread is taken for the same": {
    finding: /otherwise than it was put/,
    plant: (saver) => {
      let last: unknown;
      return {
        async put(config, checkpoint, metadata, newVersions) {
          const log = last ?? checkpoint.channel_values.log;
          last = checkpoint.channel_values.log;
          return saver.put(
            config,
            { ...checkpoint, channel_values: { ...checkpoint.channel_values, log } },
            metadata,
            newVersions,
          );
        },
      };
    },
  },
  ...PLANTED_GRAPH_FAULTS,
} satisfies PlantedFaults;

export type FaultName = keyof typeof PLANTED_FAULTS | keyof typeof PLANTED_FOR_FAILOVERS;

/** Faults that show only where a failover loses something. */
export const PLANTED_FOR_FAILOVERS = {
  "tokens are counted in the store alone": {
    finding: /was granted twice/,
    plant: (saver) => ({
      async acquireThread(thread, options) {
        const lease = await saver.acquireThread(thread, options);
        const configurable = { thread_id: `tokens of ${thread}`, checkpoint_ns: "" };
        const last = await saver.getTuple({ configurable });
        const token = Number(last?.metadata?.step ?? 0) + 1;
        const checkpoint = { ...emptyCheckpoint(), id: uuid6(token) };
        await saver.put({ configurable }, checkpoint, { source: "loop", step: token, parents: {} }, {});
        return withToken(lease, String(token));
      },
    }),
  },
} satisfies PlantedFaults;

/** A saver with a fault, or as it is. */
export function planted(saver: KeepingSaver, fault: FaultName | undefined): KeepingSaver {
  if (fault === undefined) return saver;
  const changed: Partial<KeepingSaver> = { ...PLANTED_FAULTS, ...PLANTED_FOR_FAILOVERS }[fault].plant(saver);
  return new Proxy(saver, {
    get(target, name) {
      const value: unknown = Reflect.get(name in changed ? changed : target, name);
      return typeof value === "function" ? value.bind(name in changed ? changed : target) : value;
    },
  });
}
