import { deletingWithFallbackTests } from "./deleting.js";
import { migratingTests } from "./migrating.js";
import { readingThroughTests } from "./reading.js";
import { type FallbackTarget, fallbackStage } from "./stage.js";

export type { FallbackTarget } from "./stage.js";

/** Registers the tests of a service that switches from another saver while it runs. */
export function fallbackTests(target: FallbackTarget): void {
  const stage = fallbackStage(target);
  readingThroughTests(stage);
  migratingTests(stage);
  deletingWithFallbackTests(stage);
}
