import type { AbandonedThreadSource, HoldfastSaver } from "@holdfast/checkpoint-core";
import type { AdapterTarget, OpenOptions, TestedSaver } from "./target.js";

/** A saver with leases. */
export interface LeasingSaver extends TestedSaver, AbandonedThreadSource {
  abandonedThreads: HoldfastSaver["abandonedThreads"];
  deleteThread: HoldfastSaver["deleteThread"];
  deleteForRuns: HoldfastSaver["deleteForRuns"];
}

export interface LeaseTarget extends Omit<AdapterTarget, "open"> {
  open(url: string, options?: OpenOptions): LeasingSaver;
}

/** The threads that are abandoned, and how often each has been left. They count as taken care of then. */
export async function abandonedOf(saver: AbandonedThreadSource): Promise<[threadId: string, tries: number][]> {
  const found: [string, number][] = [];
  for await (const { threadId, tries, lease } of saver.abandonedThreads()) {
    found.push([threadId, tries]);
    await lease.release();
  }
  return found;
}
