import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createDatabase, freePort, startRedis } from "@holdfast/test-servers";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type LocalRegistry, startLocalRegistry } from "../src/local-registry.js";
import { repository } from "../src/repository.js";

/** The quick start of README.md, as a reader pastes it. Only the addresses of servers are the test's own. */
let readme: string;
let registry: LocalRegistry;
let folder: string;
beforeAll(async () => {
  readme = await readFile(join(repository, "README.md"), "utf8");
  registry = await startLocalRegistry();
  folder = await mkdtemp(join(tmpdir(), "holdfast-quick-start-"));
});
afterAll(async () => {
  await registry?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** The content of the block that begins like this, fence included. */
function block(beginning: string): string {
  const start = readme.indexOf(`\`\`\`${beginning}`);
  if (start === -1) throw new Error(`README.md has no block that begins with ${beginning}`);
  const [, content = ""] = /^[^\n]*\n([\s\S]*?)```/.exec(readme.slice(start + 3)) ?? [];
  return content;
}

const shell = (command: string, env: Readonly<Record<string, string>> = {}) =>
  promisify(execFile)("/bin/sh", ["-c", command], { cwd: folder, env: { ...process.env, ...env } });

/** What the page says that its commands print, beside what they print. */
async function turns(env: Readonly<Record<string, string>>): Promise<{ said: string; printed: string }> {
  const said = block("console\n$ node");
  let printed = "";
  for (const line of said.split("\n").filter((line) => line.startsWith("$ "))) {
    printed += `${line}\n${(await shell(line.slice(2), env)).stdout}`;
  }
  return { said, printed };
}

describe("the quick start of the README", () => {
  beforeAll(async () => {
    await writeFile(join(folder, ".npmrc"), registry.npmrc);
    await shell(block("sh\nnpm install"));
    await writeFile(join(folder, "agent.mjs"), block("js agent.mjs"));
  });

  it("C-13 remembers in PGlite's server", async () => {
    const port = await freePort();
    const command = block("sh\nnpx --yes @electric-sql").trim();
    // A process group of its own: npx starts a shell that starts the server.
    const server = spawn("/bin/sh", ["-c", `${command} --port=${port}`], { cwd: folder, detached: true });
    const { pid } = server;
    if (pid === undefined) throw new Error(`Could not start ${command}`);
    const exited = once(server, "exit");
    try {
      await new Promise<void>((resolve, reject) => {
        let output = "";
        const read = (chunk: Buffer) => {
          output += chunk;
          if (output.includes("listening")) resolve();
        };
        server.stdout.on("data", read);
        server.stderr.on("data", read);
        server.once("exit", () => reject(new Error(`${command} ended:\n${output}`)));
      });
      const { said, printed } = await turns({ DATABASE_URL: `postgres://postgres:postgres@localhost:${port}/postgres` });
      expect(printed).toBe(said);
    } finally {
      process.kill(-pid, "SIGKILL");
      await exited;
    }
  });

  it("C-13 remembers in Postgres", async () => {
    const database = await createDatabase(inject("holdfastPostgresUrl"));
    try {
      const { said, printed } = await turns({ DATABASE_URL: database.url });
      expect(printed).toBe(said);
    } finally {
      await database.drop();
    }
  });

  it("C-13 remembers in Redis, with the page's other saver", async () => {
    const [, install = ""] = /On Redis, `([^`]*)`/.exec(readme) ?? [];
    await shell(install);
    const [imports = "", saver = ""] = block("js redis").split("\n\n");
    const agent = block("js agent.mjs")
      .replace(/^import .*checkpoint-postgres";$/m, imports)
      .replace(/^const saver = .*$/m, saver);
    await writeFile(join(folder, "agent.mjs"), agent);
    const server = await startRedis({ private: true });
    try {
      const { said, printed } = await turns({ REDIS_URL: server.url });
      expect(printed).toBe(said);
    } finally {
      await server.stop();
    }
  });
});
