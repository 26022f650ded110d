import type { TcpProxy } from "@holdfast/test-servers";
import type { AdapterTarget, TestStore } from "../target.js";

/** A store of which it is known where its server listens, to put a proxy before it. */
export interface ServerStore extends TestStore {
  readonly host: string;
  readonly port: number;
}

export interface ProxiedTarget extends Pick<AdapterTarget<ServerStore>, "openStore" | "open" | "close"> {
  /** Where the store is for those who go through the proxy. */
  through(proxy: TcpProxy, url: string): string;
}
