import type { RedisClient } from "./redis-client.js";

interface Address {
  readonly host?: string | null;
  readonly port?: number | string | null;
  readonly path?: string | null;
  readonly sentinels?: readonly Address[] | null;
  readonly name?: string | null;
}

/** `host:port` of the server that a client uses, or of the sentinels or nodes that know its address. */
export function hostOf(client: RedisClient): string {
  const { options = {}, startupNodes = [] } = client as {
    readonly options?: Address;
    readonly startupNodes?: readonly (Address | string | number)[];
  };
  if (client.isCluster) return `the cluster of ${startupNodes.map(addressOf).join(", ")}`;
  if (options.sentinels) return `${options.name}, by the sentinels ${options.sentinels.map(addressOf).join(", ")}`;
  return addressOf(options);
}

function addressOf(address: Address | string | number): string {
  if (typeof address === "number") return `localhost:${address}`;
  if (typeof address === "string") {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    return url === undefined || url.hostname === "" ? address.replace(/^.*@/, "") : `${url.hostname}:${url.port || 6379}`;
  }
  return address.path ? address.path : `${address.host ?? "localhost"}:${address.port ?? 6379}`;
}
