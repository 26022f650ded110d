import { readdirSync, readFileSync } from "node:fs";

/** Looking for new processes means to read the whole of `/proc`: for milliseconds, which would be far longer than many of the operations measured. */
const LOOK_AGAIN_MS = 2_000;

/**
 * The CPU that a server uses: its process, the threads of it and its children. `NaN` where the system has no `/proc`, and for a server that is no
 * process of this machine.
 */
export class ServerCpu {
  readonly #pid: number | undefined;
  /** By process: what it had used when it was found. */
  readonly #members = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Of those that have ended. */
  #usedBefore = 0;
  #last = 0;

  constructor(pid: number | undefined) {
    this.#pid = pid;
  }

  /** Milliseconds since the first reading. What a process used before it was found, within seconds of its beginning, is left out. */
  read(): number {
    if (this.#pid === undefined || process.platform !== "linux") return Number.NaN;
    const now = performance.now();
    if (now - this.#lookedAt > LOOK_AGAIN_MS) {
      this.#lookedAt = now;
      for (const pid of [String(this.#pid), ...childrenOf(this.#pid)]) {
        if (!this.#members.has(pid)) this.#members.set(pid, cpuMsOf(pid) ?? 0);
      }
    }
    let used = this.#usedBefore;
    for (const [pid, atFirst] of this.#members) {
      const msNow = cpuMsOf(pid);
      if (msNow === undefined) this.#members.delete(pid);
      else used += msNow - atFirst;
    }
    // A process that ends takes its part with it: the sum must not go back.
    this.#usedBefore += Math.max(0, this.#last - used);
    used = Math.max(used, this.#last);
    this.#last = used;
    return used;
  }
}

/** Milliseconds that all threads of a process have been on a CPU; `undefined` when it has ended. */
function cpuMsOf(pid: string): number | undefined {
  const threads = entriesOf(`/proc/${pid}/task`);
  if (threads.length === 0) return undefined;
  // Nanoseconds; /proc/PID/stat counts in steps of 10 ms.
  const nanoseconds = threads.map((thread) => Number(textOf(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0]));
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

function childrenOf(parent: number): string[] {
  return entriesOf("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const stat = textOf(`/proc/${pid}/stat`);
      // "12 (name, with any ) in it) S 1 …": what counts begins behind the last parenthesis.
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent;
    });
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Of a process that has ended meanwhile: none. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
