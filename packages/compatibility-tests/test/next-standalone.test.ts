import { join } from "node:path";
import { eventually, freePort, spawnNode } from "@holdfast/test-servers";
import { afterAll, beforeAll } from "vitest";
import { type Application, installApplication } from "../src/application.js";
import { playsConversations } from "../src/conversation.js";
import { NEXT } from "../src/versions.js";

let application: Application;
beforeAll(async () => {
  application = await installApplication(NEXT);
  await application.run("node_modules/.bin/next", ["build"], { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" });
});
afterAll(async () => application?.remove());

playsConversations("Next's standalone server", async (turn) => {
  const port = await freePort();
  const server = await spawnNode(join(application.folder, ".next/standalone/server.js"), {
    env: { NODE_ENV: "production", HOSTNAME: "127.0.0.1", PORT: String(port) },
  });
  try {
    const request = { method: "POST", body: JSON.stringify(turn) };
    // It answers no connection before it is ready, so that a turn is played once.
    const answer = await eventually("the server answers", () => fetch(`http://127.0.0.1:${port}/conversation`, request));
    return await answer.text();
  } finally {
    await server.kill();
  }
});
