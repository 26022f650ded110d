import assert from "node:assert/strict";
import { type ConformanceSuite, defineSuite } from "../../case.js";
import { inFavour } from "../../scenarios/in-favour.js";
import { assertAsInMemory, differencesFromMemory } from "../../scenarios/scenario.js";

/** An excuse that nothing needs any more goes, or it would cover a fault one day. */
export const excusesAsInMemory: ConformanceSuite = defineSuite("as in memory: differences in favour", (it) => {
  for (const { name, capability, covers, shownBy } of inFavour) {
    it(`C-15 ${name}: still so, and nothing else differs`, { requires: [capability] }, async (context) => {
      const found = await differencesFromMemory(context, shownBy, { everyRead: true });
      assert(found.some(covers), `the saver reads as MemorySaver does: take "${name}" from the differences in favour`);
      await assertAsInMemory(context, shownBy, { everyRead: true });
    });
  }
});
