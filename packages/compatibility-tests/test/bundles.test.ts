import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { type Application, installApplication } from "../src/application.js";
import { playsConversations } from "../src/conversation.js";
import { BUNDLERS } from "../src/versions.js";

let application: Application;
/** Outside the application's folder: what a bundle leaves out, it does not find. */
let output: string;
beforeAll(async () => {
  application = await installApplication(BUNDLERS);
  output = await mkdtemp(join(tmpdir(), "holdfast-bundles-"));
});
afterAll(async () => {
  await application?.remove();
  if (output !== undefined) await rm(output, { recursive: true, force: true });
});

const esbuild = (file: string, ...options: string[]): string[] => [
  "esbuild",
  ...["main.mjs", "--bundle", "--platform=node", "--target=node20", "--external:pg-native", `--outfile=${join(output, file)}`],
  ...options,
];
/** `pg` is CommonJS and requires Node's own modules, which esbuild leaves to a `require` that ESM does not have. */
const withRequire = "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const BUNDLES: Readonly<Record<string, { readonly file: string; build(file: string): string[] }>> = {
  "esbuild's ESM": { file: "esbuild.mjs", build: (file) => esbuild(file, "--format=esm", withRequire) },
  "esbuild's CommonJS": { file: "esbuild.cjs", build: (file) => esbuild(file, "--format=cjs") },
  "esbuild's minified CommonJS": { file: "minified.cjs", build: (file) => esbuild(file, "--format=cjs", "--minify") },
  "Rollup's ESM": { file: "rollup.mjs", build: (file) => ["rollup", "--config", "--file", join(output, file)] },
  "Vite's SSR build": {
    file: "vite/main.mjs",
    build: () => ["vite", "build", "--config", "ssr.config.mjs", "--outDir", join(output, "vite"), "--emptyOutDir"],
  },
};

for (const [name, { file, build }] of Object.entries(BUNDLES)) {
  describe(name, () => {
    beforeAll(async () => {
      const [bundler = "", ...args] = build(file);
      await application.run(join("node_modules/.bin", bundler), args);
    });
    playsConversations(name, (turn) => application.run(process.execPath, [join(output, file), JSON.stringify(turn)]));
  });
}
