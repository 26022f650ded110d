import { refuseUnknown } from "../config/options.js";
import { type Leases, resolveDrainMs } from "../leases/leases.js";
import type { StoreContext } from "./context.js";

/** Hands over the leases that are held, after a time to drain, and closes what the saver opened (contract C-83). */
export async function end(
  { cache, serializer, store }: StoreContext,
  leases: Leases,
  options: { readonly drainMs?: number } = {},
): Promise<void> {
  refuseUnknown("end", options, ["drainMs"]);
  await leases.close(resolveDrainMs(options.drainMs));
  cache.clear();
  serializer.clear();
  await store.end();
}
