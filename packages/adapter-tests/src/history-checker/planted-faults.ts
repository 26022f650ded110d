import type { KeepingSaver } from "../thread-life/target.js";

export type FaultName = "none yet";

export function planted(saver: KeepingSaver, _fault: FaultName | undefined): KeepingSaver {
  return saver;
}
