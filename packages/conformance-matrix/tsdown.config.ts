import { defineConfig } from "tsdown";
import { program } from "../../tsdown.base.ts";

// `dist` keeps what the last run has found.
export default defineConfig({ ...program, entry: ["src/main.ts", "src/targets/*.ts"], clean: false });
