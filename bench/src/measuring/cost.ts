/** What one piece of work cost. */
export interface Cost {
  /** Milliseconds until it was done. */
  readonly ms: number;
  /** Of all threads of this process. */
  readonly clientCpuMs: number;
  /** Of all processes of the server, with what they do in the background. */
  readonly serverCpuMs: number;
  /** On the connections of the contender, by the client. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Statements of SQL, or commands of Redis. */
  readonly statements: number;
  /** By how much Postgres' write-ahead log grew. */
  readonly walBytes: number;
}

/** Counters that only grow. */
export type Reading = Omit<Cost, "ms" | "clientCpuMs">;

/** Reads what a contender has used so far. */
export interface Meter {
  read(): Promise<Reading>;
  /** Bytes that are stored for it now: pages of tables, TOAST and indexes after a VACUUM; or `used_memory` of Redis. */
  storedBytes(): Promise<number>;
}

/** For what has no server. */
export const noMeter: Meter = {
  read: async () => ({ serverCpuMs: 0, bytesSent: 0, bytesReceived: 0, statements: 0, walBytes: 0 }),
  storedBytes: async () => 0,
};

/** Does it once. */
export async function costOf(meter: Meter, work: () => Promise<unknown>): Promise<Cost> {
  const before = await meter.read();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { ms, clientCpuMs: (user + system) / 1_000, ...difference(await meter.read(), before) };
}

function difference(after: Reading, before: Reading): Reading {
  return {
    serverCpuMs: after.serverCpuMs - before.serverCpuMs,
    bytesSent: after.bytesSent - before.bytesSent,
    bytesReceived: after.bytesReceived - before.bytesReceived,
    statements: after.statements - before.statements,
    walBytes: after.walBytes - before.walBytes,
  };
}
