import { Redis } from "ioredis";
import type { ConnectionCounters } from "./counting-pool.js";

/** A connection to Redis that counts its commands and bytes. */
export class CountingRedis extends Redis {
  #commands = 0;

  override sendCommand(...args: Parameters<Redis["sendCommand"]>): unknown {
    this.#commands += 1;
    return super.sendCommand(...args);
  }

  /** Since it was connected. */
  count(): ConnectionCounters {
    const { bytesWritten = 0, bytesRead = 0 } = this.stream as { readonly bytesWritten?: number; readonly bytesRead?: number };
    return { statements: this.#commands, bytesSent: bytesWritten, bytesReceived: bytesRead };
  }
}
