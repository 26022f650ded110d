import { startPostgres, startRedis } from "@holdfast/test-servers";

/** The server that the matrix has started; for a target that is run by hand one of its own, which ends with the process. */
export async function serverUrl(name: "POSTGRES" | "REDIS"): Promise<string> {
  const url = process.env[`HOLDFAST_${name}_URL`];
  if (url !== undefined) return url;
  const server = name === "POSTGRES" ? await startPostgres({ durable: false }) : await startRedis();
  return server.url;
}
