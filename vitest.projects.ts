import type { TestProjectInlineConfiguration } from "vitest/config";
import { textModules } from "./scripts/text-modules.mjs";

/** Tests on servers that take too long for `test`. What is not named here, `test` runs. */
const LONG = [
  // The contract once more, by other ways to a server: poolers, clusters, sentinels, other clients.
  "packages/checkpoint-postgres/test/{conformance-pgbouncer,least-rights,pgbouncer}.test.ts",
  "packages/checkpoint-redis/test/{conformance-clients,conformance-cluster,conformance-sentinel,durability,least-rights}.test.ts",
  "packages/test-servers/test/{pgbouncer,postgres-pair,redis-cluster,redis-sentinel}.test.ts",
  // Many processes, much data, random moves, and networks that fail.
  "packages/checkpoint-*/test/{exclusive-processes,idempotent-processes,killed-sweepers,large-values,lease-checker,migration-under-traffic,processes,webhooks}.test.ts",
  "packages/checkpoint-*/test/{bad-requests,delta-order,failed-runs,given-up}.test.ts",
  // LangGraph beyond one version and one process: its server, agents built on it, its older line.
  "packages/checkpoint-*/test/{as-in-memory,langgraph-lines,langgraph-server}.test.ts",
  "examples/*/test/**/*.test.ts",
  // The suite itself: savers that it must catch, its command, its tarball, other savers.
  "packages/checkpoint-conformance/test/{broken-reference-savers,broken-savers,command,packed,reference-saver,unfaithful-savers}.test.ts",
  "packages/conformance-matrix/test/**/*.test.ts",
];

/** A random search for each planted fault: how long it takes depends on luck. */
const SEARCHES = "packages/checkpoint-*/test/planted-faults.test.ts";
const FAULTS = "packages/*/test/faults/**/*.test.ts";
const COMPATIBILITY = "packages/compatibility-tests/test/**/*.test.ts";

const resolve = { conditions: ["@holdfast/source"] };

/** @param test what is the project's own; projects run one after the other, in the order of `sequence`. */
function project(test: NonNullable<TestProjectInlineConfiguration["test"]>): TestProjectInlineConfiguration {
  return { plugins: [textModules], resolve, ssr: { resolve }, test };
}

const onServers = {
  globalSetup: ["packages/test-servers/src/global-setup.ts"],
  testTimeout: 60_000,
  hookTimeout: 120_000,
  maxWorkers: 2,
};

export const unit = project({
  name: "unit",
  sequence: { groupOrder: 0 },
  include: ["packages/*/src/**/*.test.ts", "examples/*/src/**/*.test.ts", "bench/src/**/*.test.ts"],
  testTimeout: 30_000,
});

export const server = project({
  ...onServers,
  name: "server",
  sequence: { groupOrder: 1 },
  include: ["packages/*/test/**/*.test.ts"],
  exclude: [FAULTS, COMPATIBILITY, SEARCHES, ...LONG],
});

export const long = project({
  ...onServers,
  name: "long",
  sequence: { groupOrder: 0 },
  include: LONG,
});

/** Tests that kill servers and processes: one file at a time, each with servers of its own. */
export const faults = project({
  name: "faults",
  sequence: { groupOrder: 1 },
  include: [FAULTS],
  fileParallelism: false,
  testTimeout: 300_000,
  hookTimeout: 120_000,
});

export const searches = project({
  ...onServers,
  name: "searches",
  sequence: { groupOrder: 0 },
  include: [SEARCHES],
  fileParallelism: false,
});

/** Installs from npm, builds and runs whole test runs: one file at a time, each with both processors. */
export const compatibility = project({
  ...onServers,
  name: "compatibility",
  sequence: { groupOrder: 2 },
  include: [COMPATIBILITY],
  fileParallelism: false,
  testTimeout: 1_200_000,
  hookTimeout: 600_000,
});
