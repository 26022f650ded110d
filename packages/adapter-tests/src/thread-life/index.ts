import { describe } from "vitest";
import { keepingTests } from "./keeping.js";
import { lifeStore } from "./life-store.js";
import type { ThreadLifeTarget } from "./target.js";

/** Registers the tests of the life of threads: retention, copies, and finding them again. */
export function threadLifeTests(target: ThreadLifeTarget): void {
  const store = lifeStore(target);
  describe("what stays", () => keepingTests(store));
}
