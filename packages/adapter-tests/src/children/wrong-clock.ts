/** `--hours-behind=1`: the clock of this process's machine is wrong. Imported before anything that reads a clock. */
import { setClockOff } from "@holdfast/checkpoint-conformance/clock";

const hoursBehind = Number(process.argv.find((each) => each.startsWith("--hours-behind="))?.split("=")[1] ?? 0);
setClockOff(-hoursBehind * 3_600_000);
