import { onRedis } from "./redis-connection.js";

/** A node of a cluster as another sees it. */
export interface ClusterNode {
  readonly id: string;
  readonly port: number;
  readonly isMaster: boolean;
  /** Of a replica. */
  readonly masterId: string | undefined;
  /** Counted as down, or suspected to be. */
  readonly isFailing: boolean;
  /** Known by its own id, and connected to. */
  readonly isLinked: boolean;
  /** The higher, the later it got its slots. */
  readonly configEpoch: number;
  /** First and last slot of each range. */
  readonly slots: readonly (readonly [from: number, to: number])[];
}

/** The cluster as this node sees it; at a failover, nodes differ for a moment. */
export async function clusterNodes(server: { readonly url: string }): Promise<ClusterNode[]> {
  const text = String(await onRedis(server.url, (redis) => redis.call("CLUSTER", "NODES")));
  return text.trim().split("\n").map(parseNode);
}

/** `07c3… 127.0.0.1:20001@30001 myself,master - 0 1426238317239 2 connected 5461-10922 12000` */
function parseNode(line: string): ClusterNode {
  const [id = "", address = "", flagList = "", masterId = "-", , , configEpoch, link, ...slots] = line.split(" ");
  const flags = flagList.split(",");
  return {
    id,
    port: Number(/:(\d+)(?:@|$)/.exec(address)?.[1]),
    isMaster: flags.includes("master"),
    masterId: masterId === "-" ? undefined : masterId,
    isFailing: flags.includes("fail") || flags.includes("fail?"),
    isLinked: link === "connected" && !flags.includes("handshake"),
    configEpoch: Number(configEpoch),
    // In brackets: a slot that is on its way to another node.
    slots: slots.filter((range) => !range.startsWith("[")).map(parseRange),
  };
}

function parseRange(range: string): [number, number] {
  const [from, to = from] = range.split("-");
  return [Number(from), Number(to)];
}
