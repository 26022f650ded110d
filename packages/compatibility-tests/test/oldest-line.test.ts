import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { installLine, type Line } from "../src/line.js";
import { manifestOf, repository } from "../src/repository.js";
import { OLDEST_LINE } from "../src/versions.js";

const ADAPTERS = ["checkpoint-postgres", "checkpoint-redis"];
const HOLDS = /^(conformance|conformance-standalone|upstream-validation|.*differential.*)\.test\.ts$/;

let line: Line;
beforeAll(async () => {
  line = await installLine(OLDEST_LINE);
});
afterAll(async () => line?.remove());

it.for(Object.entries(OLDEST_LINE))("the oldest line has %s %s, as the peer ranges say", async ([name, version]) => {
  for (const adapter of ADAPTERS) {
    const { peerDependencies = {} } = await manifestOf(join(repository, "packages", adapter));
    if (peerDependencies[name] === undefined) continue;
    expect(peerDependencies[name]).toMatch(new RegExp(`^\\^${version}( |$)`));
    expect((await manifestOf(join(line.folder, "packages", adapter, "node_modules", name))).version).toBe(version);
  }
});

it("the sources of the published packages have no type that the oldest line lacks", async () => {
  await line.node("node_modules/typescript/bin/tsc", ["--project", "packages/compatibility-tests/published.tsconfig.json"]);
});

it("the contract and upstream's validation hold on the oldest line", async () => {
  const files = ADAPTERS.flatMap((adapter) => {
    const folder = join("packages", adapter, "test");
    return readdirSync(join(repository, folder)).flatMap((name) => (HOLDS.test(name) ? [join(folder, name)] : []));
  });
  const servers = { HOLDFAST_POSTGRES_URL: inject("holdfastPostgresUrl"), HOLDFAST_REDIS_URL: inject("holdfastRedisUrl") };
  const output = await line.node("node_modules/vitest/vitest.mjs", ["run", "--project", "server", ...files], {
    ...servers,
    NO_COLOR: "1",
  });
  expect(output).toContain(`Test Files  ${files.length} passed`);
  console.log(output.slice(output.indexOf("Test Files")));
});
