import { Facts } from "./facts.js";
import type { History } from "./history.js";
import { viewsOf } from "./losses.js";
import { nothingIsAltered } from "./rules/content.js";
import { forgottenHoldersAreFenced } from "./rules/forgotten-leases.js";
import {
  callsAreAsReturned,
  callsEndWithTheirThread,
  conversationsGrow,
  questionsAreOfTheirNodes,
  statesAreAsTheyRan,
} from "./rules/graphs.js";
import { leasesHold } from "./rules/leases.js";
import { theLatestIsTheLatest } from "./rules/order.js";
import { writesAreAsWritten, writesAreInOrder } from "./rules/pending-writes.js";
import { nothingComesBack, nothingIsLost, nothingIsResurrected } from "./rules/presence.js";
import { conflictsAreRejected, copiesReplaceNothing, refusalsHaveReasons } from "./rules/refusals.js";
import type { Rule } from "./rules/rule.js";
import { deletedRunsAreGone, threadsAreListed } from "./rules/threads.js";

/** What in a history no store may do that keeps the contract; none, when it is well. */
export function violationsOf(history: History): string[] {
  const found = viewsOf(history).flatMap((view) => {
    const facts = new Facts(view);
    return RULES.flatMap((rule) => rule(facts));
  });
  return [...new Set([...history.deaths.map((death) => `a process ended by itself: ${death}`), ...found])];
}

const RULES: readonly Rule[] = [
  nothingIsResurrected,
  nothingIsLost,
  nothingComesBack,
  nothingIsAltered,
  theLatestIsTheLatest,
  writesAreAsWritten,
  writesAreInOrder,
  threadsAreListed,
  deletedRunsAreGone,
  refusalsHaveReasons,
  copiesReplaceNothing,
  conflictsAreRejected,
  leasesHold,
  forgottenHoldersAreFenced,
  conversationsGrow,
  statesAreAsTheyRan,
  callsAreAsReturned,
  questionsAreOfTheirNodes,
  callsEndWithTheirThread,
];
