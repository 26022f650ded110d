import { readFile } from "node:fs/promises";
import { defineConfig } from "vitest/config";

/** Imports `.sql` and `.lua` files as text, as the bundler does. */
const textModules = {
  name: "text-modules",
  enforce: "pre" as const,
  async load(id: string) {
    if (!/\.(sql|lua)$/.test(id)) return null;
    return `export default ${JSON.stringify(await readFile(id, "utf8"))};`;
  },
};

const resolve = { conditions: ["@holdfast/source"] };
const ssr = { resolve };

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [textModules],
        resolve,
        ssr,
        test: {
          name: "unit",
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
          include: ["packages/*/src/**/*.test.ts", "examples/*/src/**/*.test.ts", "bench/src/**/*.test.ts"],
        },
      },
      {
        plugins: [textModules],
        resolve,
        ssr,
        test: {
          name: "server",
          sequence: { groupOrder: 1 },
          include: ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts"],
          exclude: ["packages/*/test/faults/**"],
          globalSetup: ["packages/test-servers/src/global-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        plugins: [textModules],
        resolve,
        ssr,
        test: {
          // Tests that kill servers and processes: one file at a time, each with servers of its own.
          name: "faults",
          sequence: { groupOrder: 2 },
          include: ["packages/*/test/faults/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
