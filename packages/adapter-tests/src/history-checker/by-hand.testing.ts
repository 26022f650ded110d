import type { Recorded } from "../recorded.js";
import type { Acquire, Delete, Operation, Put, Read, Seen, Write } from "./history.js";

/** Operations that take one millisecond each, unless it is said otherwise. */
export type More = Partial<Recorded> & { readonly process?: string };

export const at = (from: number, more: More = {}) => ({ process: "a", from, to: from + 1, outcome: "ok" as const, ...more });

export function put(id: string, from: number, more: More & Partial<Put> = {}): Put {
  const base = {
    kind: "put",
    thread: "t",
    namespace: "",
    id,
    parent: undefined,
    origins: {},
    values: { v: `${id} ${from}` },
    run: "r",
  } as const;
  return { ...base, ...at(from), ...more };
}

export function write(id: string, channel: string, value: string, from: number, more: More & Partial<Write> = {}): Write {
  const base = { kind: "write", thread: "t", namespace: "", id, task: "task", writes: [[channel, value]], run: "r" } as const;
  return { ...base, ...at(from), ...more };
}

/** A checkpoint as its put says, with writes. */
export function asPut(
  { thread, namespace, id, parent, origins, values }: Put,
  ...writes: (readonly [string, string, unknown])[]
): Seen {
  return { thread, namespace, id, parent, origins, values, writes };
}

export const reads = (seen: Seen | undefined, from: number, more: More & Partial<Read> = {}): Operation => ({
  kind: "read",
  thread: seen?.thread ?? "t",
  namespace: seen?.namespace ?? "",
  ...(seen !== undefined && { seen }),
  ...at(from),
  ...more,
});
export const lists = (seen: Seen[], from: number, thread = "t"): Operation => ({ kind: "list", thread, seen, ...at(from) });
export const deletes = (from: number, more: More & Partial<Delete> = {}): Operation => ({
  kind: "delete",
  thread: "t",
  ...at(from),
  ...more,
});
export const acquires = (token: string, from: number, more: More & Partial<Acquire> = {}): Operation => ({
  kind: "acquire",
  thread: "t",
  ttlMs: 100,
  token,
  ...at(from),
  ...more,
});
