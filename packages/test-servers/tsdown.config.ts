import { defineConfig } from "tsdown";
import { program } from "../../tsdown.base.ts";

export default defineConfig({
  ...program,
  entry: ["src/index.ts"],
  // Not a dependency of those who build without containers, and too large to carry along.
  deps: { neverBundle: ["testcontainers"] },
});
