// Checks leases under faults for as long as it is told: the test of `lease-checker.test.ts`, whose short form is a part of `pnpm test`.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const STORES = ["postgres", "redis"];
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    store: { type: "string", default: "postgres" },
    seed: { type: "string" },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0) || !STORES.includes(values.store) || (values.seed !== undefined && !/^\d+$/.test(values.seed))) {
  console.error(`Usage: pnpm soak --minutes 20 --store ${STORES.join("|")} --seed 1`);
  process.exit(2);
}
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 32));
console.log(`${minutes} minutes on ${values.store}, seed ${seed}`);
const file = `packages/checkpoint-${values.store}/test/lease-checker.test.ts`;
const child = spawn("vitest", ["run", "--project", "server", file], {
  stdio: "inherit",
  shell: process.platform === "win32",
  env: { ...process.env, HOLDFAST_SOAK_MINUTES: String(minutes), HOLDFAST_TEST_SEED: seed },
});
child.on("exit", (code) => process.exit(code ?? 1));
