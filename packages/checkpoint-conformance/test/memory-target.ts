import { MemorySaver, type SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { hasTaskPaths } from "../src/checkpoint-line.js";
import type { ConformanceTarget } from "../src/target.js";

type MemorySaverClass = new (serde?: SerializerProtocol) => MemorySaver;

const supports: NonNullable<ConformanceTarget["supports"]> = {
  specialThreadIds: { no: "MemorySaver refuses the names of JavaScript's own properties" },
  numericThreadIds: { no: "MemorySaver takes strings only" },
  exactConfig: { no: "MemorySaver hands the caller's config back" },
  commitOrder: { no: "MemorySaver orders by checkpoint id" },
  incrementalChannels: { no: "MemorySaver stores every value that it is given" },
  listTogether: { no: "MemorySaver lists one namespace after the other" },
  filterByValue: { no: "MemorySaver compares with ===" },
  ownParent: { no: "MemorySaver takes the parent as given, also where it is the checkpoint itself" },
  deleteDuringWrites: { no: "MemorySaver's put fails when its thread is deleted meanwhile" },
  ...(hasTaskPaths ? {} : { taskPath: { no: "MemorySaver of checkpoint 1.1 has no task path" } }),
  losslessValues: { no: "MemorySaver's serializer loses dates, bigints and more" },
  exactMetadata: { no: "MemorySaver stores metadata through its serializer" },
  customSerde: { no: "MemorySaver passes metadata and whole checkpoints through the serializer, and ignores its types" },
  tombstones: { no: "MemorySaver lets a late write bring a deleted thread back" },
  leases: { no: "MemorySaver has no leases" },
  rejectedConflicts: { no: "MemorySaver has no such option" },
};

/** A saver made of `Saver`, whose instances share one store as processes share a database. */
export function memoryTarget(name: string, Saver: MemorySaverClass = MemorySaver): ConformanceTarget {
  const store = new Saver();
  return {
    name,
    supports,
    open: async (options) => {
      const saver = new Saver(options?.serde);
      saver.storage = store.storage;
      saver.writes = store.writes;
      return saver;
    },
    close: async () => undefined,
    inspect: async (threadId) => ({
      checkpoints: Object.values(store.storage[threadId] ?? {}).flatMap((namespace) => Object.keys(namespace)).length,
      writes: Object.keys(store.writes).filter((key) => JSON.parse(key)[0] === threadId).length,
    }),
  };
}
