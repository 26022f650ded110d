import { fileURLToPath } from "node:url";
import { createDatabase } from "@holdfast/test-servers";
import { describe, expect, inject, it } from "vitest";
import { readReproductions } from "../src/reproductions.js";
import { failureOf } from "../src/run-reproduction.js";

const folder = fileURLToPath(new URL("../../../docs/conformance/", import.meta.url));
/** Those of SQLite need a native module that an install leaves out: the matrix runs them, when it has built it. */
const runHere = readReproductions(folder).filter(({ systems }) => systems.join() !== "official-sqlite");

describe("what docs/conformance.md says of other savers is still so", () => {
  for (const { file, rules } of runHere) {
    it(`${rules.join(" ")} ${file} fails where it says`, async () => {
      const database = await createDatabase(inject("holdfastPostgresUrl"));
      try {
        // In its assertion, and nowhere before.
        expect(await failureOf(file, database.url)).toContain("AssertionError");
      } finally {
        await database.drop();
      }
    });
  }
});
