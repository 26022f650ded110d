import type { Facts, Look, Place } from "../facts.js";

/** What a history must not contain; each finding names the operations. */
export type Rule = (facts: Facts) => string[];

export function told(look: Look): string {
  return look.kind === "list" ? `${look.process} lists` : `${look.process} reads`;
}

export function named({ thread, namespace, id }: Place): string {
  return `${thread}${namespace === "" ? "" : `/${namespace}`} ${id}`;
}
