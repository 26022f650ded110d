import type { ConformanceTarget } from "@holdfast/checkpoint-conformance/runner";
import { startTcpProxy } from "@holdfast/test-servers";
import { RedisSaver } from "@langchain/langgraph-checkpoint-redis";
import { notUpstream } from "../by-design.js";
import { serverUrl } from "../server-urls.js";

/** The official saver. It needs a Redis with the modules RedisJSON and RediSearch. */
export default async function officialRedis(given?: string): Promise<ConformanceTarget> {
  const url = given ?? (await serverUrl("REDIS"));
  await (await RedisSaver.fromUrl(url)).end();
  const { hostname: host, port } = new URL(url);
  // So that only this saver's connections are cut, on a server that others may use.
  const proxy = await startTcpProxy({ host, port: Number(port || 6_379) });
  return {
    name: "@langchain/langgraph-checkpoint-redis",
    supports: { ...notUpstream, customSerde: { no: "it takes no serializer" } },
    open: () => RedisSaver.fromUrl(proxy.url(url)),
    close: (saver) => (saver as RedisSaver).end(),
    spawn: () => ({ module: import.meta.url, store: url }),
    interrupt: async () => proxy.cut(),
    dispose: () => proxy.stop(),
  };
}
