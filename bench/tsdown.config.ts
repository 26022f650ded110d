import { defineConfig } from "tsdown";
import { program } from "../tsdown.base.ts";

export default defineConfig({
  ...program,
  entry: ["src/main.ts", "src/scenario-process.ts", "src/throughput-process.ts"],
});
