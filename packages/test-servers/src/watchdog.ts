import { spawn } from "node:child_process";
import type { Socket } from "node:net";

/** Outlives this process by a moment, to end what this process started. */
export interface Watchdog {
  /** From now on, this process is the one to end. `undefined`: none. */
  watch(pid: number | undefined): void;
  /** Nothing is left to do. */
  dismiss(): void;
}

export interface WatchdogOptions {
  /** What ends the watched process. */
  readonly signal: "QUIT" | "TERM" | "KILL";
  /** Removed after that. */
  readonly folder?: string;
}

/*
 * Reads lines from the parent. End of file means that the parent is gone, however it went: returned, threw, Ctrl-C, SIGKILL. No handler inside
 * the parent covers the last one, and one inside a test runner's worker covers few of the others. A zombie counts as ended: where nobody reaps
 * orphans, as in many containers, it stays for good.
 */
const SCRIPT = `
trap '' INT TERM HUP
pid=
lives() { kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null; }
while read -r line; do
  [ "$line" = dismissed ] && exit 0
  pid=$line
done
if [ -n "$pid" ]; then
  kill -"$1" "$pid" 2>/dev/null
  kill -CONT "$pid" 2>/dev/null
  tries=0
  while lives && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
  lives && kill -KILL "$pid"
fi
[ -n "$2" ] && rm -rf "$2"
`;

export function startWatchdog({ signal, folder }: WatchdogOptions): Watchdog {
  const child = spawn("/bin/sh", ["-c", SCRIPT, "holdfast-watchdog", signal, folder ?? ""], {
    cwd: "/",
    // In a session of its own: Ctrl-C in the terminal goes to the parent, not to the one who cleans up after it.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Neither keeps this process running: one that is done may end, and the watchdog then does its work.
  child.unref();
  const input = child.stdin as Socket;
  input.unref();
  // A watchdog that somebody killed must not take the tests down with an EPIPE.
  input.on("error", () => {});
  child.on("error", () => {});
  return {
    watch: (pid) => void input.write(`${pid ?? ""}\n`),
    dismiss: () => void input.end("dismissed\n"),
  };
}
