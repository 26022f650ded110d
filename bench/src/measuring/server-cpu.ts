import { readdirSync, readFileSync } from "node:fs";

/**
 * Milliseconds of CPU that a process, its threads and its children have used, as far as they still live; `NaN` where the system has no `/proc`.
 *
 * @param pid `undefined` for a server that is no process of this machine: `NaN`.
 */
export function cpuMsOf(pid: number | undefined): number {
  if (pid === undefined || process.platform !== "linux") return Number.NaN;
  let nanoseconds = 0;
  for (const member of [pid, ...childrenOf(pid)]) {
    for (const thread of entriesOf(`/proc/${member}/task`)) {
      // Nanoseconds on a CPU; /proc/PID/stat counts in steps of 10 ms.
      nanoseconds += Number(textOf(`/proc/${member}/task/${thread}/schedstat`).split(" ")[0]);
    }
  }
  return nanoseconds / 1e6;
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
