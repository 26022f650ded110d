import { endOf } from "../facts.js";
import type { Acquire } from "../history.js";
import { named, type Rule } from "./rule.js";

/**
 * A failover that loses what was acknowledged may forget a lease, and nothing more: no token is given twice, and a holder whom the store has forgotten writes no more
 * once another has the thread (C-90, C-91). Of the leases that nobody has forgotten, `leasesHold` speaks.
 */
export const forgottenHoldersAreFenced: Rule = (facts) => {
  const leases = facts.operations.filter(
    (each): each is Acquire & { readonly token: string } =>
      each.kind === "acquire" && each.token !== undefined && (each.outcome === "ok" || each.outcome === "perhaps"),
  );
  return leases
    .filter(({ outcome }) => outcome === "perhaps")
    .flatMap((forgotten) => {
      const others = leases.filter((other) => other !== forgotten && other.thread === forgotten.thread);
      const twice = others.filter(({ token }) => token === forgotten.token);
      const next = others.filter((other) => other.outcome === "ok" && other.from > endOf(forgotten));
      const written = facts
        .acknowledged("put", "write")
        .filter(({ thread, token }) => thread === forgotten.thread && token === forgotten.token);
      return [
        ...twice.map(({ thread, token }) => `${thread}: token ${token} was granted twice, before a failover and after it`),
        ...written.flatMap((each) =>
          next
            .filter((other) => endOf(other) < each.from)
            .map(
              (other) => `${each.process} wrote ${named(each)} under token ${each.token} after token ${other.token} was granted`,
            ),
        ),
      ];
    });
};
