import { randomUUID } from "node:crypto";
import { type ServerWarning, StoreFailureError, UnsupportedServerError } from "@holdfast/checkpoint-core";
import type { Connection } from "./client.js";
import type { Durability } from "./durability.js";
import { wrongDatabase } from "./errors.js";
import type { Keys } from "./keys.js";
import { script } from "./script.js";
import rightsText from "./server-check.rights.lua";

const rightsScript = script(rightsText);

/** What `INFO` and `CONFIG` say about a server; absent if it does not say. */
interface ServerFacts {
  readonly info: ReadonlyMap<string, string>;
  /** The setting `save`: when the server writes its data to disk. */
  readonly save: string | undefined;
}

/** The oldest version of Redis with the commands that the scripts use. All of Valkey has them. */
const OLDEST_SERVER = [6, 2] as const;
const OLDEST_WITH_WAITAOF = [7, 2] as const;

/**
 * Checks the servers.
 *
 * @throws UnsupportedServerError if one is too old, or cannot do what `durability` asks for; StoreFailureError if the connection uses another database than the
 *   client's, or the user may not call what the scripts call.
 */
export async function checkServers(
  redis: Connection,
  keys: Keys,
  durability: Durability | undefined,
): Promise<readonly ServerWarning[]> {
  await checkDatabase(redis);
  const servers = await factsOf(redis);
  for (const { info } of servers) {
    const version = info.get("redis_version");
    if (isOlder(version, OLDEST_SERVER)) {
      throw new UnsupportedServerError(
        `Redis at ${redis.host} is version ${version}. Holdfast needs Redis 6.2, Valkey 7.2, or newer.`,
      );
    }
    if (durability?.fsync !== true) continue;
    if (isOlder(version, OLDEST_WITH_WAITAOF)) {
      throw new UnsupportedServerError(
        `durability.fsync needs WAITAOF, which Redis 7.2 introduced; Redis at ${redis.host} is version ${version}.`,
      );
    }
    if (info.get("aof_enabled") === "0") {
      throw new UnsupportedServerError(
        `durability.fsync needs a server with an append-only file; Redis at ${redis.host} has "appendonly no".`,
      );
    }
  }
  // A replica refuses writes, and there is a warning for it.
  const mayWrite = servers.every(({ info }) => info.get("role") !== "slave");
  if (mayWrite) await redis.run("setup", rightsScript, keys.probe(randomUUID()), []);
  const warnings = servers.flatMap((facts) => warningsAbout(facts, redis.host, durability));
  // A cluster's masters are usually configured alike.
  return warnings.filter(({ message }, n) => warnings.findIndex((other) => other.message === message) === n);
}

/** A client that was passed in may have fallen back to database 0, which only its own listeners notice. */
async function checkDatabase(redis: Connection): Promise<void> {
  if (redis.isCluster || redis.database === 0) return;
  const [info] = (await allowed(redis.ask("setup", "client", "info"))) ?? [];
  redis.checkDatabase("setup");
  if (/ db=0 /.test(String(info))) throw wrongDatabase("setup", redis.host, redis.database);
}

function warningsAbout({ info, save }: ServerFacts, host: string, durability: Durability | undefined): ServerWarning[] {
  const warnings: ServerWarning[] = [];
  const policy = info.get("maxmemory_policy");
  if (policy !== undefined && policy !== "noeviction") {
    warnings.push({
      code: "EVICTION_POLICY",
      message: `Redis at ${host} deletes keys when its memory is full (maxmemory-policy ${policy}): threads lose their state. Set noeviction.`,
    });
  }
  if (info.get("aof_enabled") === "0" && save === "") {
    warnings.push({
      code: "NO_PERSISTENCE",
      message: `Redis at ${host} keeps nothing on disk (appendonly no, no save): a restart loses all threads. Set "appendonly yes".`,
    });
  }
  if (info.get("role") === "slave") {
    warnings.push({ code: "IS_REPLICA", message: `Redis at ${host} is a replica, which is read-only. Connect to the master.` });
  }
  const replicas = Number(info.get("connected_slaves") ?? Number.POSITIVE_INFINITY);
  if (durability !== undefined && replicas < durability.replicas) {
    warnings.push({
      code: "TOO_FEW_REPLICAS",
      message: `durability asks for ${durability.replicas} replicas; a master at ${host} has ${replicas}. Writes to it will not be acknowledged.`,
    });
  }
  return warnings;
}

async function factsOf(redis: Connection): Promise<ServerFacts[]> {
  const infos = await allowed(redis.ask("setup", "info"));
  if (infos === undefined) return [];
  const saves = await allowed(redis.ask("setup", "config", "get", "save"));
  return infos.map((info, n) => ({ info: parseInfo(String(info)), save: settingOf(saves?.[n]) }));
}

/** Managed servers forbid or lack some commands. */
async function allowed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StoreFailureError) return undefined;
    throw error;
  }
}

function parseInfo(text: string): Map<string, string> {
  const lines = text.split("\r\n").filter((line) => line.includes(":"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}

/** The value in an answer of CONFIG GET: a list, or an object with RESP3's own types. */
function settingOf(answer: unknown): string | undefined {
  if (Array.isArray(answer)) return answer[1] === undefined ? undefined : String(answer[1]);
  if (typeof answer !== "object" || answer === null) return undefined;
  const [value] = Object.values(answer);
  return value === undefined ? undefined : String(value);
}

function isOlder(version: string | undefined, [major, minor]: readonly [number, number]): boolean {
  const [, ofMajor, ofMinor] = /^(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  if (ofMajor === undefined) return false;
  return Number(ofMajor) < major || (Number(ofMajor) === major && Number(ofMinor) < minor);
}
