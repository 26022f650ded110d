/** Where a target finds the servers that the matrix has started. A target that is run by hand is told in the same way. */
export function serverUrl(name: "POSTGRES" | "REDIS"): string {
  const url = process.env[`HOLDFAST_${name}_URL`];
  if (url === undefined) throw new Error(`Set HOLDFAST_${name}_URL to a server of yours.`);
  return url;
}
