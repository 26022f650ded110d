import type { ImpatientOptions } from "../faults/partition.js";
import type { Operation } from "../lease-checker/history.js";
import { PATIENCE_MS, runAtRandom } from "../lease-checker/random-client.js";
import { RecordingClient } from "../lease-checker/recording-client.js";
import { saverLists } from "../lease-checker/saver-lists.js";
import type { LeasingSaver } from "../lease-target.js";
import { seededRandom } from "../seeded.js";
import { givenStoreUrl } from "./store-url.js";

/** What the client tells: an operation that it begins, or the same, answered; or that it has stopped. */
export type ClientTells = { readonly id: string; readonly operation: Operation } | "over";

/** A client of the checker: `name` and `seed` are its arguments. It stops at the first message. */
export function runLeaseClient(open: (url: string, options: ImpatientOptions) => LeasingSaver): void {
  const [name = "", seed = ""] = process.argv.slice(2);
  const saver = open(givenStoreUrl(), { timeoutMs: PATIENCE_MS, retry: { maxElapsedMs: 2 * PATIENCE_MS, maxDelayMs: 50 } });
  // Told before it is done: of a client that is killed it is known what it was doing.
  const tell = (message: ClientTells): Promise<void> =>
    new Promise((resolve, reject) => {
      process.send?.(message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
    });
  let isOver = false;
  process.once("message", () => {
    isOver = true;
  });
  const client = new RecordingClient(name, saverLists(saver), (id, operation) => tell({ id, operation }));
  void runAtRandom(client, seededRandom(Number(seed)), () => isOver)
    .then(() => tell("over"))
    .then(() => saver.end())
    .then(() => process.disconnect());
}
