/**
 * The time that a config gives its thread, in minutes, where a store has times to live. It begins with two underscores, so that LangGraph hands it on to every
 * saver call of a run and does not copy it into metadata.
 */
export const TTL_KEY = "__holdfast_ttl";
