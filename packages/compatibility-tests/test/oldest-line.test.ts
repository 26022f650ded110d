import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { installLine, type Line } from "../src/line.js";
import { manifestOf, PUBLISHED, repository } from "../src/repository.js";
import { OLDEST_LINE } from "../src/versions.js";

const ADAPTERS = ["checkpoint-postgres", "checkpoint-redis"];
/** By the project that they are in. */
const HOLDS = {
  server: /^(conformance|conformance-standalone|upstream-validation|langgraph-changes)\.test\.ts$/,
  long: /^(as-in-memory|delta-order|failed-runs)\.test\.ts$/,
};

let line: Line;
beforeAll(async () => {
  line = await installLine(OLDEST_LINE);
});
afterAll(async () => line?.remove());

it.for(PUBLISHED)("the peer ranges of %s begin where the oldest line is", async (name) => {
  const { peerDependencies = {} } = await manifestOf(join(repository, "packages", name));
  for (const [peer, version] of Object.entries(OLDEST_LINE)) {
    if (peerDependencies[peer] === undefined) continue;
    expect(peerDependencies[peer].split(" ")[0]).toBe(`^${version}`);
    expect((await manifestOf(join(line.folder, "packages", name, "node_modules", peer))).version).toBe(version);
  }
});

it("the sources of the published packages have no type that the oldest line lacks", async () => {
  await line.pnpm(["exec", "tsc", "--project", "packages/compatibility-tests/published.tsconfig.json"]);
});

it.for([
  ["test", "server"],
  ["test:all", "long"],
] as const)("the contract holds on the oldest line: %s", async ([script, project]) => {
  const files = ADAPTERS.flatMap((adapter) => {
    const folder = join("packages", adapter, "test");
    return readdirSync(join(repository, folder)).flatMap((name) => (HOLDS[project].test(name) ? [join(folder, name)] : []));
  });
  const output = await line.pnpm([script, "--project", project, ...files], {
    HOLDFAST_POSTGRES_URL: inject("holdfastPostgresUrl"),
    HOLDFAST_REDIS_URL: inject("holdfastRedisUrl"),
    NO_COLOR: "1",
  });
  expect(output).toContain(`Test Files  ${files.length} passed`);
  console.log(output.slice(output.indexOf("Test Files")));
});
