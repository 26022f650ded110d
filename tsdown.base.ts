import type { UserConfig } from "tsdown";

/** What every published package has in common: ESM and CommonJS with matching types, SQL and Lua inlined as text. */
export const library: UserConfig = {
  entry: ["src/index.ts"],
  format: ["esm", "cjs"],
  dts: true,
  platform: "node",
  target: "node20",
  sourcemap: true,
  loader: { ".sql": "text", ".lua": "text" },
};

/** Programs of this repository (examples, benchmarks, test servers): ESM only, run from `dist` against the built packages. */
export const program: UserConfig = {
  format: ["esm"],
  dts: false,
  platform: "node",
  target: "node20",
  sourcemap: true,
};
