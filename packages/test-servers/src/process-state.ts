import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { eventually } from "./gate.js";

const run = promisify(execFile);

/** One row of the process table. `state` is the first letter that `ps` shows: `R`, `S`, `T` (stopped), `Z` (zombie) … */
interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

/** The process table from `/proc` where there is one: slim Linux images have no `ps`. */
async function processTable(): Promise<ProcessEntry[]> {
  if (process.platform !== "linux") {
    const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,stat="]);
    return stdout
      .trim()
      .split("\n")
      .map((line) => {
        const [pid, parent, state = "?"] = line.trim().split(/\s+/);
        return { pid: Number(pid), parent: Number(parent), state: state.charAt(0) };
      });
  }
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(pids.map((pid) => linuxEntry(Number(pid))));
  return entries.filter((entry) => entry !== undefined);
}

async function linuxEntry(pid: number): Promise<ProcessEntry | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // "12 (name, with any ) in it) S 1 …": what counts begins behind the last parenthesis.
  const [state = "?", parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { pid, parent: Number(parent), state };
}

/** The state letter of a process, or `undefined` when it is gone. A zombie is gone: it holds no file, socket or memory any more. */
export async function processState(pid: number): Promise<string | undefined> {
  const entry = process.platform === "linux" ? await linuxEntry(pid) : (await processTable()).find((row) => row.pid === pid);
  return entry === undefined || entry.state === "Z" ? undefined : entry.state;
}

export async function childrenOf(pid: number): Promise<number[]> {
  return (await processTable()).filter((entry) => entry.parent === pid).map((entry) => entry.pid);
}

export async function untilGone(pids: readonly number[], timeoutMs = 10_000): Promise<void> {
  await eventually(
    `processes ${pids.join(", ")} are gone`,
    async () => (await Promise.all(pids.map(processState))).every((state) => state === undefined),
    { timeoutMs },
  );
}

/** Sends a signal; says whether there was a process to send it to. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
