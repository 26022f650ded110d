import type { RedisClient } from "@holdfast/checkpoint-redis";
import { Cluster, Redis } from "ioredis";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where a Redis of one kind is, in words that another process understands. */
export type RedisPlace =
  | { readonly kind: "server"; readonly url: string }
  | { readonly kind: "sentinel"; readonly sentinels: readonly Address[]; readonly name: string; readonly password: string }
  | { readonly kind: "cluster"; readonly nodes: readonly Address[]; readonly password: string };

/** A client of what is there. */
export function clientAt(place: RedisPlace): RedisClient {
  if (place.kind === "server") return new Redis(place.url);
  if (place.kind === "cluster") return new Cluster([...place.nodes], { redisOptions: { password: place.password } });
  const { sentinels, name, password } = place;
  return new Redis({ sentinels: [...sentinels], name, password });
}
