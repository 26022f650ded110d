import type { Abandoned, Lease, LeaseOptions } from "../src/leasing-saver.js";
import { threadOf } from "./reference-ids.js";
import { aWhile, ReferenceLease, TOKENS } from "./reference-lease.js";
import { ReferenceReader } from "./reference-reader.js";
import { ReferenceSaverError, type Row } from "./reference-store.js";

/** Leases: who has a thread, what others may do meanwhile, and which threads were left. */
export abstract class ReferenceLeaser extends ReferenceReader {
  async acquireThread(threadId: string, options: LeaseOptions = {}): Promise<Lease> {
    const thread = threadOf(threadId);
    const { ttlMs = 30_000, waitMs = 0, owner = "somebody", signal } = options;
    if (!Number.isInteger(ttlMs) || ttlMs < 1 || !(waitMs >= 0) || owner === "") {
      throw new ReferenceSaverError("invalidConfig", "That cannot be a lease.");
    }
    signal?.throwIfAborted();
    this.request();
    const deadline = performance.now() + waitMs;
    const queue = this.store.queues.get(thread) ?? [];
    this.store.queues.set(thread, queue);
    const ticket = {};
    queue.push(ticket);
    try {
      for (;;) {
        signal?.throwIfAborted();
        const current = this.liveLease(thread);
        if (current === undefined && queue[0] === ticket) return this.grant(thread, ttlMs, owner);
        if (performance.now() >= deadline) {
          throw new ReferenceSaverError("threadBusy", `${thread} is in use.`, current?.owner);
        }
        await aWhile();
      }
    } finally {
      queue.splice(queue.indexOf(ticket), 1);
    }
  }

  protected liveLease(thread: string) {
    const lease = this.store.leases.get(thread);
    return lease?.until !== undefined && lease.until > performance.now() ? lease : undefined;
  }

  protected grant(thread: string, ttlMs: number, owner: string): Lease {
    const before = this.store.leases.get(thread);
    const token = this.nextToken(thread);
    const tries = before?.until === undefined ? 0 : before.tries + 1;
    this.store.leases.set(thread, { token, owner, until: performance.now() + ttlMs, tries });
    return new ReferenceLease(thread, token, ttlMs, {
      renew: () => {
        const lease = this.liveLease(thread);
        if (lease?.token !== token) return false;
        lease.until = performance.now() + ttlMs;
        return true;
      },
      release: () => this.release(thread, token),
    });
  }

  protected nextToken(_thread: string): bigint {
    return this.store.nextToken();
  }

  /** Only the lease that is meant: another one may have taken its place. */
  protected release(thread: string, token: bigint): void {
    if (this.store.leases.get(thread)?.token === token) this.store.leases.delete(thread);
  }

  protected tokenOf(configurable: Readonly<Record<string | symbol, unknown>>, thread: string): string | undefined {
    const tokens = configurable[TOKENS] as Readonly<Record<string, string>> | undefined;
    return tokens !== undefined && Object.hasOwn(tokens, thread) ? tokens[thread] : undefined;
  }

  /** While a lease is live, only its token writes; a token that is not that of the live lease writes nothing. */
  protected checkFence(thread: string, token: string | undefined): void {
    const lease = this.liveLease(thread);
    if (token !== undefined && `${lease?.token}` !== token) {
      throw new ReferenceSaverError("leaseLost", `The lease of ${thread} is lost.`);
    }
    if (token === undefined && lease !== undefined) {
      throw new ReferenceSaverError("threadBusy", `${thread} is in use.`, lease.owner);
    }
  }

  async *abandonedThreads({ olderThanMs = 0, ttlMs = 30_000 } = {}): AsyncGenerator<Abandoned> {
    this.request();
    for (const [thread, { until, owner }] of [...this.store.leases]) {
      if (until === undefined || until > performance.now() - olderThanMs || this.liveLease(thread) !== undefined) continue;
      const head = this.headOf(thread, "");
      if (head === undefined || this.waits(head)) continue;
      const lease = this.grant(thread, ttlMs, "the finder");
      yield { threadId: thread, lease, owner, tries: this.store.leases.get(thread)?.tries ?? 0 };
    }
  }

  /** Whether a human is asked. */
  protected waits({ thread, ns, id }: Row): boolean {
    return this.writesOf(thread, ns, id).some(({ channel }) => channel === "__interrupt__");
  }
}
