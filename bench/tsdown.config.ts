import { defineConfig } from "tsdown";
import { program } from "../tsdown.base.ts";

export default defineConfig({
  ...program,
  entry: [
    "src/main.ts",
    "src/scenario-process.ts",
    "src/throughput-process.ts",
    "src/heap-process.ts",
    "src/official-read-process.ts",
    "src/proxy-process.ts",
  ],
});
