import { defineConfig } from "tsdown";
import { program } from "../../tsdown.base.ts";

export default defineConfig({
  ...program,
  entry: ["src/main.ts", "src/worker.ts", "src/webhook-worker.ts"],
  fixedExtension: false,
});
