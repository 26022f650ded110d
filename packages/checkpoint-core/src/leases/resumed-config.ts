import type { Config } from "./held-lease.js";

/** The config with which a run is resumed at the head of its thread, whichever checkpoint it began at. */
export function atHead(config: Config): Config {
  const { checkpoint_id: _, checkpoint_map: __, ...configurable } = config.configurable ?? {};
  return { ...config, configurable };
}

/** What says how a graph runs, and not what is told of it, or to whom. */
const HOW = ["recursionLimit", "maxConcurrency", "durability", "context", "store", "cache", "interruptBefore", "interruptAfter"];

/** The config in which a call finishes the run of another message. */
export function asRunOf(config: Config, name: string, key: string): Config {
  const { configurable } = atHead(config);
  const how = Object.entries(config).filter(([option]) => HOW.includes(option));
  return { ...Object.fromEntries(how), configurable: { ...configurable, [name]: key } };
}
