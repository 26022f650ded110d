import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, freePort, type NodeChild, spawnNode } from "@holdfast/test-servers";
import { storeEnvironment } from "../children/store-url.js";

/** A server of `langgraphjs dev`, with files of its own. */
export class DevServer implements AsyncDisposable {
  readonly #url: string;
  readonly #folder: string;
  readonly #process: NodeChild;

  private constructor(url: string, folder: string, process: NodeChild) {
    this.#url = url;
    this.#folder = folder;
    this.#process = process;
  }

  /** @param project a script that exports what {@link servedProject} makes. */
  static async start(project: string, storeUrl: string): Promise<DevServer> {
    const [folder, port] = [await mkdtemp(join(tmpdir(), "holdfast-dev-")), await freePort()];
    await symlink(project, join(folder, "project.mjs"));
    // The server loads the project's own LangGraph.
    await symlink(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"), "junction");
    const config = {
      node_version: "20",
      dependencies: ["."],
      graphs: { agent: "./project.mjs:agent", unpinned: "./project.mjs:unpinned" },
      http: { app: "./project.mjs:app" },
      env: storeEnvironment(storeUrl),
    };
    await writeFile(join(folder, "langgraph.json"), JSON.stringify(config));
    const args = ["dev", "--no-browser", "--no-reload", "--host", "127.0.0.1", "--port", String(port), "--config"];
    const process = await spawnNode(commandLine(), {
      args: [...args, join(folder, "langgraph.json")],
      env: { LANGGRAPH_CLI_NO_ANALYTICS: "1", LANGSMITH_TRACING: "false" },
    });
    const server = new DevServer(`http://127.0.0.1:${port}`, folder, process);
    try {
      await eventually("the server answers", () => server.#isUp(), { timeoutMs: 60_000 });
    } catch (cause) {
      await server[Symbol.asyncDispose]();
      throw new Error(`langgraphjs dev did not start:\n${process.stdout}${process.stderr}`, { cause });
    }
    return server;
  }

  async #isUp(): Promise<boolean> {
    const answer = await fetch(`${this.#url}/ok`).catch(() => undefined);
    return answer?.ok === true;
  }

  /** @returns the JSON of the answer; nothing of an empty one. */
  async request(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill("SIGTERM");
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function commandLine(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve("@langchain/langgraph-cli/package.json")), "dist/cli/cli.mjs");
}
