// Runs for as long as it is told what `pnpm test` runs in short: the check of leases under faults (`lease-checker.test.ts`), that of whole histories
// (`history-checker.test.ts`), random commands compared with a model of the contract (`checkpoint-conformance --commands`), rows that are damaged, moved or
// crafted (`stored-bytes.test.ts`), and odd values (`odd-values.test.ts`).
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

/** For each store, the project and the file of what looks at leases, and at histories. */
const STORES = {
  postgres: {
    leases: ["long", "packages/checkpoint-postgres/test/lease-checker.test.ts"],
    histories: ["server", "packages/checkpoint-postgres/test/history-checker.test.ts"],
    "planted-faults": ["searches", "packages/checkpoint-postgres/test/planted-faults.test.ts"],
    "stored-bytes": ["server", "packages/checkpoint-postgres/test/stored-bytes.test.ts"],
  },
  redis: {
    leases: ["long", "packages/checkpoint-redis/test/lease-checker.test.ts"],
    histories: ["server", "packages/checkpoint-redis/test/history-checker.test.ts"],
    "planted-faults": ["searches", "packages/checkpoint-redis/test/planted-faults.test.ts"],
    "stored-bytes": ["server", "packages/checkpoint-redis/test/stored-bytes.test.ts"],
  },
  // With failovers; leases with durability.replicas, histories first with it and then without.
  "postgres-replica": { histories: ["faults", "packages/checkpoint-postgres/test/faults/history-checker-failover.test.ts"] },
  "redis-sentinel": {
    leases: ["faults", "packages/checkpoint-redis/test/faults/lease-checker-failover.test.ts"],
    histories: ["faults", "packages/checkpoint-redis/test/faults/history-checker-sentinel.test.ts"],
  },
  "redis-cluster": { histories: ["faults", "packages/checkpoint-redis/test/faults/history-checker-cluster.test.ts"] },
};
const PARTS = ["leases", "histories", "planted-faults", "model", "stored-bytes", "values"];
/** Those that do not depend on a store. */
const ANYWHERE = ["model", "values"];
const VALUE_TESTS = ["serializer/odd-values", "saver/stored-bytes"].map((name) => `packages/checkpoint-core/src/${name}.test.ts`);
const CONFIGS = { unit: "vitest.config.ts", server: "vitest.config.ts", searches: "vitest.soak.config.ts" };
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    commands: { type: "string", default: "10000" },
    rows: { type: "string", default: "20000" },
    store: { type: "string", default: "postgres" },
    only: { type: "string" },
    seed: { type: "string" },
  },
});
const { store, only } = values;
const [minutes, commands, rows] = [Number(values.minutes), Number(values.commands), Number(values.rows)];
const isUsable =
  minutes > 0 &&
  [commands, rows].every((count) => Number.isSafeInteger(count) && count > 0) &&
  store in STORES &&
  (only === undefined || ANYWHERE.includes(only) || only in STORES[store]) &&
  (only === undefined || PARTS.includes(only)) &&
  (values.seed === undefined || /^\d+$/.test(values.seed));
if (!isUsable) {
  console.error(
    `Usage: pnpm soak --store ${Object.keys(STORES).join("|")} --only ${PARTS.join("|")} --minutes 20 --commands 10000 --rows 20000 --seed 1`,
  );
  process.exit(2);
}
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31));

function runFor(what, test) {
  console.log(`${what}: ${minutes} minutes on ${store}, seed ${seed}`);
  return runTests(test, { HOLDFAST_SOAK_MINUTES: String(minutes) });
}

function runRows(what, ...test) {
  console.log(`${what}: ${rows}, seed ${seed}`);
  return runTests(test, { HOLDFAST_FUZZ_ROWS: String(rows) });
}

function runTests([project, ...files], settings) {
  const config = CONFIGS[project] ?? "vitest.all.config.ts";
  return spawnSync("vitest", ["run", "--config", config, "--project", project, ...files], {
    stdio: "inherit",
    shell: process.platform === "win32",
    env: { ...process.env, ...settings, HOLDFAST_TEST_SEED: seed },
  });
}

const parts = {
  leases: () => runFor("Leases under faults", STORES[store].leases),
  histories: () => runFor("Histories under faults", STORES[store].histories),
  "planted-faults": () => runFor("Faults that the check of histories must find", STORES[store]["planted-faults"]),
  "stored-bytes": () => runRows(`Rows that are damaged, moved or crafted on ${store}`, ...STORES[store]["stored-bytes"]),
  values: () => runRows("Odd values, and bytes that are damaged without a store", "unit", ...VALUE_TESTS),
  model() {
    console.log(`Random commands beside the model: ${commands} on ${store}, seed ${seed}`);
    const command = "packages/checkpoint-conformance/bin/checkpoint-conformance.mjs";
    // What the model looks at does not depend on how many servers there are.
    const target = `packages/conformance-matrix/dist/targets/holdfast-${store.split("-")[0]}.mjs`;
    return spawnSync(process.execPath, [command, target, "--commands", String(commands), "--seed", seed], { stdio: "inherit" });
  },
};

for (const name of only === undefined ? PARTS.filter((part) => ANYWHERE.includes(part) || part in STORES[store]) : [only]) {
  const { status } = parts[name]();
  if (status !== 0) process.exit(status ?? 1);
}
