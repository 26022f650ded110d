import type { LeaseEnd } from "@holdfast/checkpoint-core";
import type { LeaseLost, Refusal, WriteOutcome } from "@holdfast/checkpoint-core/adapter";
import type { Reply } from "../client.js";
import { statusOf } from "./read-checkpoints.js";

/** The outcome of a write, with what the index of threads needs. */
export type StoredOutcome =
  | (Extract<WriteOutcome, { readonly kind: "stored" }> & {
      /** Whether the write started the thread. */
      readonly isNew: boolean;
      /** Milliseconds until the thread expires; `Infinity`: never. */
      readonly lastsMs: number;
    })
  | ((Refusal | { readonly kind: "past" }) & {
      /** Whether the refused write found no thread. */
      readonly isGone: boolean;
    });

/** Decodes `{'stored', key, epoch, is_new, lasts}`, or a refusal. */
export function writeOutcome(reply: Reply, operation: string): StoredOutcome {
  const status = statusOf(reply, operation);
  if (status === "past") return { kind: status, isGone: false };
  if (status !== "stored") return { ...refusalOf(status, reply), isGone: status === "deleted" && String(reply[1]) === "1" };
  const [, key, epoch, isNew, lasts] = reply.map(String) as [string, string, string, string, string];
  return {
    kind: "stored",
    guard: { threadKey: key, epoch },
    isNew: isNew === "1",
    lastsMs: lasts === "" ? Number.POSITIVE_INFINITY : Number(lasts),
  };
}

/** Decodes `{'lease-lost'}`, behind which may stand who ended it. */
export function lostLease([, kind, reason]: Reply): LeaseLost {
  return kind === undefined
    ? { kind: "lease-lost" }
    : { kind: "lease-lost", end: { kind: String(kind) as LeaseEnd["kind"], reason: String(reason) } };
}

export function refusalOf(status: string, reply: Reply): Refusal {
  switch (status) {
    case "changed":
    case "lost":
    case "moved":
    case "incomplete":
    case "deleted":
      return { kind: status };
    case "lease-lost":
      return lostLease(reply);
    case "busy":
      return { kind: status, owner: String(reply[1]) || undefined, remainingMs: Number(reply[2]) };
    default:
      throw new TypeError(`A script returned ${status}.`);
  }
}
