import type { TestedSaver } from "../target.js";
import { givenStoreUrl } from "./store-url.js";

/** Sets the store up when it is told to: one of many processes that start at once. It exits when `end()` leaves nothing open. */
export function runSetUp(open: (url: string) => TestedSaver): void {
  const saver = open(givenStoreUrl());
  process.once("message", () => {
    saver
      .setup()
      .then(() => saver.end())
      .then(
        () => process.send?.("set up"),
        (error: unknown) => process.send?.(String(error)),
      )
      .finally(() => process.disconnect());
  });
  process.send?.("ready");
}
