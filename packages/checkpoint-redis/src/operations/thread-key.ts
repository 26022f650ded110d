import { randomBytes } from "node:crypto";

/** A name for a thread that is begun now: never used before, so that whoever knew a thread of the same id knows that it is another one. */
export function newThreadKey(): string {
  return randomBytes(12).toString("base64url");
}
