import { now } from "../recorded.js";
import { integerOf, type Random } from "../seeded.js";
import type { Disturbance } from "./history.js";
import type { Setting, Step } from "./step.js";

/** What befalls the servers of a store, and with them every process. */
export type ServerFault =
  | { readonly do: "restart" | "fall behind" | "fail over" }
  /** Counters of the store, and of all threads of the program, are as after a long life. `near`: a power of two. */
  | { readonly do: "move counters"; readonly near: number };

/** The servers of a store, as far as they can fail. */
export interface Servers {
  /** SIGKILL, and the same server again with what it had on disk. */
  restart?(): Promise<void>;
  readonly replica?: Replica;
  /** @param prefix of the ids of the threads whose counters move, too. One that is above `value` already is left alone. */
  moveCounters?(url: string, prefix: string, value: bigint): Promise<void>;
}

/** A replica that takes the place of its master. */
export interface Replica {
  /** Whether the master acknowledges what the replica does not have. */
  readonly mayLose: boolean;
  /** From now on the replica hears nothing. It has what was acknowledged before the call. */
  fallBehind(): Promise<void>;
  /** Ends `fallBehind`. */
  catchUp(): Promise<void>;
  /** SIGKILL to the master. Resolves when the replica has taken its place. */
  failOver(): Promise<void>;
  /** Afterwards: a new replica, which has everything. */
  recover(): Promise<void>;
}

const KINDS: ReadonlySet<string> = new Set<ServerFault["do"]>(["restart", "fall behind", "fail over", "move counters"]);

export const isServerFault = (action: Step["action"]): action is ServerFault => KINDS.has(action.do);

/** Carries out the faults of a program on the servers, in turn. */
export class ServerFaults {
  readonly #servers: Servers;
  readonly #url: string;
  readonly #prefix: string;
  #behindSince: number | undefined;

  constructor(servers: Servers, url: string, prefix: string) {
    this.#servers = servers;
    this.#url = url;
    this.#prefix = prefix;
  }

  /** @returns when what was asked may have been asked again, or lost. */
  async perform(fault: ServerFault): Promise<Disturbance | undefined> {
    const { restart, replica, moveCounters } = this.#servers;
    const from = now();
    switch (fault.do) {
      case "restart":
        await restart?.();
        return { from, to: now() };
      case "move counters":
        await moveCounters?.(this.#url, this.#prefix, 2n ** BigInt(fault.near) - SHORT_OF_BOUND);
        return undefined;
      case "fall behind":
        if (this.#behindSince === undefined) await replica?.fallBehind();
        this.#behindSince ??= from;
        return undefined;
      case "fail over": {
        if (replica === undefined) return undefined;
        await this.perform({ do: "fall behind" });
        const since = this.#behindSince ?? from;
        const diedAt = now();
        await replica.failOver();
        const to = now();
        await replica.recover();
        this.#behindSince = undefined;
        return { from: since, to, failover: { diedAt, mayLose: replica.mayLose } };
      }
    }
  }

  /** When a program is over. */
  async heal(): Promise<void> {
    if (this.#behindSince !== undefined) await this.#servers.replica?.catchUp();
    this.#behindSince = undefined;
  }
}

/** Bounds that numbers reach in stores and programs: of signed and unsigned 32 bits, and of a double's whole numbers. */
const BOUNDS = [31, 32, 53];
/** How far from a bound a counter is moved. */
const SHORT_OF_BOUND = 1n;

/** A program in which, at random places, the servers fail. */
export function withServerFaults(random: Random, program: readonly Step[], servers: Servers): Step[] {
  const steps = [...program];
  const put = (at: number, action: ServerFault): void => void steps.splice(at, 0, { by: 0, waits: true, action });
  const place = (): number => integerOf(random, 1, steps.length);
  if (servers.restart !== undefined) for (let n = integerOf(random, 1, 2); n > 0; n -= 1) put(place(), { do: "restart" });
  if (servers.moveCounters !== undefined) {
    put(random() < 0.5 ? 0 : place(), { do: "move counters", near: BOUNDS[integerOf(random, 0, BOUNDS.length - 1)] ?? 31 });
  }
  if (servers.replica !== undefined) {
    const at = place();
    const until = Math.min(steps.length, at + integerOf(random, 0, 5));
    // While the replica is cut off, a write is answered only after the failover: the program does not wait for these steps, but for the last.
    if (!servers.replica.mayLose) {
      for (let n = at; n < until - 1; n += 1) steps[n] = { ...(steps[n] as Step), waits: false };
    }
    // A lease that may be forgotten, the next one, and what the first holder still writes.
    const [holder, next] = [integerOf(random, 0, 2), integerOf(random, 0, 2)];
    const acquires = (by: number): Step => ({ by, waits: true, action: { do: "acquire", thread: "a", ttlMs: 200 } });
    const puts = (by: number): Step => ({ by, waits: true, action: { do: "put", thread: "a" } });
    if (random() < 0.5) {
      steps.splice(until, 0, acquires(next), puts(holder), puts(next));
      steps.splice(until, 0, { ...acquires(holder), waits: servers.replica.mayLose });
      put(until + 1, { do: "fail over" });
    } else put(until, { do: "fail over" });
    if (random() < 0.8) put(at, { do: "fall behind" });
  }
  return steps;
}

const HOUR_MS = 3_600_000;
/** As long as a failover takes, on a machine that is busy. */
const PATIENT_MS = 10_000;

/** Savers of which some sit out a failover, and some have a clock that is wrong. */
export function withOddSavers(random: Random, { savers, ...more }: Setting): Setting {
  const one = <Value>(...values: Value[]): Value => values[integerOf(random, 0, values.length - 1)] as Value;
  return {
    ...more,
    savers: savers.map((saver) => ({
      ...saver,
      ...one({}, { clockOffsetMs: HOUR_MS }, { clockOffsetMs: -HOUR_MS }),
      ...one({}, {}, { retryForMs: PATIENT_MS }),
    })),
  };
}
