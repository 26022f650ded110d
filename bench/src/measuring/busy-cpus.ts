import { cpus } from "node:os";
import { setTimeout as pause } from "node:timers/promises";

const SECOND_MS = 1_000;

/** How many CPUs are busy, in a second in which this process does nothing. Not the load average: that still has what was run before. */
export async function busyCpus(): Promise<number> {
  const before = worked();
  await pause(SECOND_MS);
  return (worked() - before) / SECOND_MS;
}

/** Milliseconds of all CPUs since the machine has started. */
function worked(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
