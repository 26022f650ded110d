import { RedisSaver } from "../../checkpoint-redis/src/index.js";
export function openRedis(url: string, options: object = {}) {
  const keyPrefix = decodeURIComponent(new URL(url).hash.slice(1)) || "holdfast";
  const plain = new URL(url); plain.hash = "";
  return RedisSaver.fromUrl(plain.href, { keyPrefix, ...options });
}
