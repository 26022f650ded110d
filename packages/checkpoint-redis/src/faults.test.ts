import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { AT_ONCE, RETRIED } from "./faults.js";

it("C-77 the page shows both tables", async () => {
  const page = await readFile(new URL("../../../docs/operate/redis.md", import.meta.url), "utf8");
  for (const [code, meaning] of [...RETRIED, ...AT_ONCE]) expect(page).toContain(`| \`${code}\` | ${meaning} |`);
});
