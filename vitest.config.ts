import { defineConfig } from "vitest/config";
import { server, unit } from "./vitest.projects.js";

/** `pnpm test`. */
export default defineConfig({ test: { projects: [unit, server] } });
