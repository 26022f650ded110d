// Checks leases under faults for as long as it is told: the test of `lease-checker.test.ts`, whose short form is a part of `pnpm test`.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

/** The project and the file of each. */
const STORES = {
  postgres: ["server", "packages/checkpoint-postgres/test/lease-checker.test.ts"],
  redis: ["server", "packages/checkpoint-redis/test/lease-checker.test.ts"],
  // With durability.replicas, and failovers.
  "redis-sentinel": ["faults", "packages/checkpoint-redis/test/faults/lease-checker-failover.test.ts"],
};
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    store: { type: "string", default: "postgres" },
    seed: { type: "string" },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0) || !(values.store in STORES) || (values.seed !== undefined && !/^\d+$/.test(values.seed))) {
  console.error(`Usage: pnpm soak --minutes 20 --store ${Object.keys(STORES).join("|")} --seed 1`);
  process.exit(2);
}
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 32));
console.log(`${minutes} minutes on ${values.store}, seed ${seed}`);
const [project, file] = STORES[values.store];
const child = spawn("vitest", ["run", "--project", project, file], {
  stdio: "inherit",
  shell: process.platform === "win32",
  env: { ...process.env, HOLDFAST_SOAK_MINUTES: String(minutes), HOLDFAST_TEST_SEED: seed },
});
child.on("exit", (code) => process.exit(code ?? 1));
