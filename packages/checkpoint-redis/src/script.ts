import { createHash } from "node:crypto";

/** A Lua script that the server runs as one step. */
export interface Script {
  readonly source: string;
  /** The name by which the server caches it. */
  readonly sha1: string;
}

/** @param parts the shared scripts (`lua/`), then its own. */
export function script(...parts: readonly string[]): Script {
  const source = parts.join("\n");
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}
