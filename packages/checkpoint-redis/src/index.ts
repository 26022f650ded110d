// biome-ignore lint/performance/noReExportAll: What applications need of core is one list, the same for both adapters; a test compares it.
export * from "@holdfast/checkpoint-core";
export type { RedisClient } from "./redis-client.js";
export type { DurabilityOptions } from "./durability.js";
export type { RedisSaverOptions } from "./options.js";
export { RedisSaver } from "./saver.js";
export { type TtlOptions, withTtl } from "./ttl.js";
