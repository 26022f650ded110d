import type { ConformanceTarget } from "@holdfast/checkpoint-conformance/runner";
import { RedisSaver } from "@langchain/langgraph-checkpoint-redis";
import { notUpstream } from "../by-design.js";
import { serverUrl } from "../server-urls.js";

/** The official saver. It needs a Redis with the modules RedisJSON and RediSearch. */
export default async function officialRedis(): Promise<ConformanceTarget> {
  const url = await serverUrl("REDIS");
  await (await RedisSaver.fromUrl(url)).end();
  return {
    name: "@langchain/langgraph-checkpoint-redis",
    supports: { ...notUpstream, customSerde: { no: "it takes no serializer" } },
    open: () => RedisSaver.fromUrl(url),
    close: (saver) => (saver as RedisSaver).end(),
  };
}
