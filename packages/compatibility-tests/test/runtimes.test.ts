import { afterAll, beforeAll, expect, it } from "vitest";
import { type Application, installApplication } from "../src/application.js";
import { playsConversations } from "../src/conversation.js";
import { nodePackages, nodeProgram } from "../src/node-packages.js";
import { NODES, RUNTIMES } from "../src/versions.js";

let application: Application;
beforeAll(async () => {
  application = await installApplication({ ...nodePackages(NODES), ...RUNTIMES });
});
afterAll(async () => application?.remove());

for (const major of NODES) {
  it(`Node ${major} is what it says`, async () => {
    expect(await application.run(nodeProgram(major), ["--version"])).toMatch(new RegExp(`^v${major}\\.`));
  });
  playsConversations(`Node ${major}`, (turn) => application.run(nodeProgram(major), ["main.mjs", JSON.stringify(turn)]));
}
playsConversations("Bun", (turn) => application.run("node_modules/.bin/bun", ["main.mjs", JSON.stringify(turn)]));
playsConversations("Deno", (turn) =>
  application.run("node_modules/.bin/deno", ["run", "--allow-all", "main.mjs", JSON.stringify(turn)]),
);
