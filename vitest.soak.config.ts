import { defineConfig } from "vitest/config";
import { searches } from "./vitest.projects.js";

/** `pnpm soak --only planted-faults`. The other parts of `soak` run files of `test` and `test:all` for longer. */
export default defineConfig({ test: { projects: [searches] } });
