import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { manifestOf, PUBLISHED, repository } from "./repository.js";

/** Serves the packed packages as npm would once they are published, so that an install command needs no change. */
export interface LocalRegistry {
  /** Sends `@holdfast` packages here; all others come from the registry that npm is set to. */
  readonly npmrc: string;
  stop(): Promise<void>;
}

export async function startLocalRegistry(): Promise<LocalRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-registry-"));
  const { packageManager } = await manifestOf(repository);
  const manifests = new Map<string, object & { version: string }>();
  for (const name of PUBLISHED) {
    const archive = join(folder, `${name}.tgz`);
    const options = { cwd: join(repository, "packages", name) };
    await promisify(execFile)("npx", ["--yes", packageManager, "pack", "--out", archive], options);
    const { stdout } = await promisify(execFile)("tar", ["--extract", "--to-stdout", "--file", archive, "package/package.json"]);
    manifests.set(name, JSON.parse(stdout));
  }

  const server = createServer(async (request, response) => {
    // The next run may get the same port, and other packages of the same version.
    response.setHeader("cache-control", "no-store");
    const name = decodeURIComponent(request.url ?? "").replace("/@holdfast/", "");
    const manifest = manifests.get(name);
    if (manifest !== undefined) {
      const dist = { tarball: `http://${request.headers.host}/${name}.tgz` };
      const { version } = manifest;
      response.end(
        JSON.stringify({
          name: `@holdfast/${name}`,
          "dist-tags": { latest: version },
          versions: { [version]: { ...manifest, dist } },
        }),
      );
    } else if (manifests.has(name.slice(1).replace(".tgz", ""))) {
      response.end(await readFile(join(folder, name)));
    } else response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    npmrc: `@holdfast:registry=http://127.0.0.1:${(server.address() as AddressInfo).port}/\n`,
    stop: async () => {
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
