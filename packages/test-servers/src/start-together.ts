/** Starts servers in parallel, and is done when all have started: if one does not, none is left. */
export async function startTogether<S extends { stop(): Promise<void> }>(
  count: number,
  start: (n: number) => Promise<S>,
): Promise<S[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, n) => start(n)));
  const started = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return started;
  await stopAll(started);
  throw failed.reason;
}

export async function stopAll(servers: readonly { stop(): Promise<void> }[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}
