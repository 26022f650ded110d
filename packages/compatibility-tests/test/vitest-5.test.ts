import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type Application, installApplication } from "../src/application.js";
import { nodePackages, nodeProgram } from "../src/node-packages.js";
import { NEXT_VITEST } from "../src/versions.js";

let application: Application;
beforeAll(async () => {
  application = await installApplication({ ...nodePackages([22]), ...NEXT_VITEST });
});
afterAll(async () => application?.remove());

it("the suite registers its cases with vitest 5, and a saver passes them", async () => {
  const env = { REDIS_URL: inject("holdfastRedisUrl"), NO_COLOR: "1" };
  const output = await application.run(nodeProgram(22), ["node_modules/vitest/vitest.mjs", "run"], env);
  expect(output).toMatch(/RUN +v5\./);
  expect(output).toMatch(/Tests +\d{3} passed/);
});
