import { beforeAll, expect, it } from "vitest";
import { ExportedApi } from "./exported-api.js";

const PACKAGES = ["checkpoint-core", "checkpoint-postgres", "checkpoint-redis", "checkpoint-conformance"];

let api: ExportedApi;
beforeAll(() => {
  api = new ExportedApi(PACKAGES);
}, 240_000);

// What applications rely on. To change it on purpose: `npx vitest run exported-api --update`, and a changeset that says how to move.
it.for(PACKAGES)("C-131 what %s exports is what it exported", async (name) => {
  await expect(api.of(name)).toMatchFileSnapshot(`./${name}.snapshot.txt`);
});
