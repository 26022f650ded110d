import { violationsOfLeases } from "../../lease-checker/check-history.js";
import { endOf } from "../facts.js";
import type { Acquire, Put, Release, Write } from "../history.js";
import { named, type Rule } from "./rule.js";

/** Two never have the lease of a thread, and nobody writes past one (C-90, C-91), be it expired, given up, or taken away (C-99). */
export const leasesHold: Rule = (facts) => {
  const acquired = facts.acknowledged("acquire");
  const threads = [...new Set(acquired.map(({ thread }) => thread))];
  const releases = facts.operations.flatMap((each): Release[] => {
    if (each.kind === "release") return [each];
    // Who deletes a thread under a lease gives the lease up with it.
    if (each.kind === "delete" && each.token !== undefined) return [{ ...each, kind: "release", token: each.token }];
    if (each.kind !== "acquire" || each.interrupts === undefined || each.outcome === "refused") return [];
    const before = acquired.filter(
      ({ thread, token, from }) => thread === each.thread && token !== each.token && from < endOf(each),
    );
    return before.map(({ token }) => ({ ...each, kind: "release", token: token as string }));
  });
  return threads.flatMap((thread) => {
    const ofThread = <Each extends { readonly thread: string }>(each: Each): boolean => each.thread === thread;
    const written = facts.acknowledged("put", "write").filter(ofThread);
    return [
      ...violationsOfLeases(
        acquired.filter(ofThread).map(asClient),
        releases.filter(ofThread).map(asClient),
        written.flatMap((each) => (each.token === undefined ? [] : [asAppend(each, each.token)])),
      ),
      ...written
        .filter(({ token }) => token === undefined)
        .flatMap((each) =>
          acquired
            .filter((lease) => ofThread(lease) && isLiveDuring(lease, each, releases))
            .map(
              (lease) => `${each.process} wrote ${named(each)} without a lease while ${lease.process} had token ${lease.token}`,
            ),
        ),
    ].map((violation) => `${thread}: ${violation}`);
  });
};

const asClient = <Each extends Acquire | Release>(each: Each) => ({
  ...each,
  outcome: each.outcome === "perhaps" ? ("unknown" as const) : each.outcome,
  client: each.process,
  token: each.token ?? "",
});

const asAppend = (each: Put | Write, token: string) =>
  ({ ...each, kind: "append", outcome: "ok", client: each.process, token, value: named(each) }) as const;

/** A lease lasts for its time at least, counted from when it was asked for, unless its holder asked to release it. */
function isLiveDuring(lease: Acquire, { from, to }: Put | Write, releases: readonly Release[]): boolean {
  const released = releases.filter(({ token, thread }) => token === lease.token && thread === lease.thread);
  const until = Math.min(lease.from + lease.ttlMs, ...released.map((each) => each.from));
  return endOf(lease) < from && (to ?? Number.POSITIVE_INFINITY) < until;
}
