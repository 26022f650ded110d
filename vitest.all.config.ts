import { defineConfig } from "vitest/config";
import { compatibility, faults, long } from "./vitest.projects.js";

/** `pnpm test:all`: what is not in `pnpm test`. */
export default defineConfig({ test: { projects: [long, faults, compatibility] } });
