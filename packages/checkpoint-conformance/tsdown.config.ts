import { fileURLToPath } from "node:url";
import { defineConfig } from "tsdown";
import { library } from "../../tsdown.base.ts";

const entry = ["src/index.ts", "src/runner.ts"];
/** vitest cannot be required: see there. */
const vitest = fileURLToPath(new URL("./src/no-vitest.ts", import.meta.url));

export default defineConfig([
  { ...library, format: "esm", entry: [...entry, "src/cli.ts", "src/child.ts", "src/saver-process.ts"] },
  {
    ...library,
    format: "cjs",
    entry,
    clean: false,
    deps: { alwaysBundle: ["vitest"] },
    plugins: [{ name: "no-vitest", resolveId: (id: string) => (id === "vitest" ? vitest : null) }],
  },
]);
