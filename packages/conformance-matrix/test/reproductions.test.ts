import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createDatabase } from "@holdfast/test-servers";
import { describe, expect, inject, it } from "vitest";

const folder = new URL("../../../docs/conformance/", import.meta.url);
/** Beside the packages that a reader would install. */
const work = new URL("../dist/reproductions/", import.meta.url);
mkdirSync(work, { recursive: true });

const run = promisify(execFile);

/** What a program prints when it fails; undefined when it does not. */
async function failureOf(file: string, url: string): Promise<string | undefined> {
  copyFileSync(new URL(file, folder), new URL(file, work));
  const env = { ...process.env, DATABASE_URL: url, LANGSMITH_TRACING: "false" };
  try {
    await run(process.execPath, [fileURLToPath(new URL(file, work))], { env });
    return undefined;
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}

/** The rule that a file is about, as its name has it. */
const rule = (file: string): string => file.slice(0, 4).toUpperCase();

describe("what docs/conformance.md says of other savers is still so", () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".mjs"))) {
    it(`${rule(file)} ${file} fails where it says`, async () => {
      const database = await createDatabase(inject("holdfastPostgresUrl"));
      try {
        // Its last assertion, and nothing before it.
        expect(await failureOf(file, database.url)).toContain("AssertionError");
      } finally {
        await database.drop();
      }
    });
  }
});
