import type { KeepingSaver } from "../retention/target.js";
import { givenStoreUrl } from "./store-url.js";

/** What the sweeper tells after each thread: how many it has looked at. */
export interface SweepProgress {
  readonly seen: number;
}

/** A process that sweeps its store, thread by thread, and then ends. */
export function runSweeper(open: (url: string) => KeepingSaver): void {
  const saver = open(givenStoreUrl());
  const onProgress = ({ seen }: SweepProgress): void => void process.send?.({ seen });
  void saver
    .sweep({ batch: 1, onProgress })
    .then(() => saver.end())
    .then(() => process.disconnect());
}
