import { RedisSaver, type RedisSaverOptions } from "@holdfast/checkpoint-redis";

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

/** A saver with a client of its own. */
export function openStore(url: string, options?: RedisSaverOptions): RedisSaver {
  const { server, keyPrefix } = partsOfStoreUrl(url);
  return RedisSaver.fromUrl(server, { keyPrefix, ...options });
}
