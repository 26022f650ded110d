import { RedisSaver, type RedisSaverOptions } from "@holdfast/checkpoint-redis";
import type { RedisSentinel } from "@holdfast/test-servers";
import { Cluster } from "ioredis";

/** How a part of a server is written down: the server's URL, and the prefix of the keys as its fragment. */
export function storeUrl(server: string, keyPrefix: string): string {
  const url = new URL(server);
  url.hash = encodeURIComponent(keyPrefix);
  return url.href;
}

export function partsOfStoreUrl(text: string): { readonly server: string; readonly keyPrefix: string } {
  const url = new URL(text);
  const keyPrefix = decodeURIComponent(url.hash.slice(1)) || "holdfast";
  url.hash = "";
  return { server: url.href, keyPrefix };
}

type Address = { readonly host: string; readonly port: number };

/** Servers of which one takes the place of another: those that sentinels watch, or the nodes of a cluster. */
export interface RedisGroup {
  readonly sentinels?: { readonly addresses: readonly Address[]; readonly name: string };
  readonly nodes?: readonly Address[];
  readonly password: string;
  /** How many replicas must have a write. Default: none. */
  readonly replicas?: number;
  /** By `host:port` of a server, where it is for those who go through a proxy. */
  readonly natMap?: Readonly<Record<string, Address>>;
}

export function groupStoreUrl(group: RedisGroup, keyPrefix: string): string {
  const url = new URL("redis://group");
  url.searchParams.set("group", JSON.stringify(group));
  return storeUrl(url.href, keyPrefix);
}

/** The same group for those who go through a proxy. */
export function withNatMap(url: string, natMap: RedisGroup["natMap"]): string {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  const group = groupOf(server);
  if (group === undefined || natMap === undefined) return url;
  return groupStoreUrl({ ...group, natMap }, keyPrefix);
}

/** For servers that sentinels watch, of which two must have a write. */
export function sentinelStoreUrl({ sentinels, name, password }: RedisSentinel): string {
  return groupStoreUrl({ sentinels: { addresses: sentinels, name }, password, replicas: 1 }, "holdfast");
}

function groupOf(server: string): RedisGroup | undefined {
  const group = new URL(server).searchParams.get("group");
  return group === null ? undefined : (JSON.parse(group) as RedisGroup);
}

/** A saver with a client of its own. */
export function openStore(url: string, options?: RedisSaverOptions): RedisSaver {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  const group = groupOf(server);
  if (group !== undefined) return openOnGroup(group, { keyPrefix, ...options });
  return RedisSaver.fromUrl(server, { keyPrefix, ...options });
}

function openOnGroup({ sentinels, nodes = [], password, replicas, natMap = {} }: RedisGroup, own: RedisSaverOptions): RedisSaver {
  const options = { ...(replicas !== undefined && { durability: { replicas } }), ...own };
  if (sentinels !== undefined) {
    return new RedisSaver({ sentinels: [...sentinels.addresses], name: sentinels.name, password, natMap }, options);
  }
  const known = nodes.map(({ host, port }) => natMap[`${host}:${port}`] ?? { host, port });
  const cluster = new Cluster(known, { natMap, lazyConnect: true, redisOptions: { password } });
  // What is wrong with the connection, the operations tell.
  cluster.on("error", () => {});
  const saver = new RedisSaver(cluster, options);
  const end = saver.end.bind(saver);
  return Object.assign(saver, {
    async end() {
      await end();
      cluster.disconnect();
    },
  });
}
