import type { ThreadLifeTarget } from "@holdfast/adapter-tests";
import { openPooled, poolOf } from "./pooled-savers.js";
import { postgresTarget } from "./postgres-target.js";
import { underneath } from "./underneath.js";

export const threadLifeTarget: ThreadLifeTarget = {
  ...postgresTarget,
  open: openPooled,
  inspect: underneath,
  roundTrips: (saver) => poolOf(saver).statements,
};
