import assert from "node:assert/strict";
import type { CaseContext } from "./case.js";
import { address, listIds, read } from "./checkpoints.js";
import { type ObservedSaver, valuesOfWrittenChannels } from "./observed-saver.js";
import { assertSame } from "./same-value.js";

/** Fails unless every checkpoint that was acknowledged to these savers reads back as it was put, by a saver that has seen none of them. */
export async function assertWhole(
  { open }: CaseContext,
  thread: string,
  observed: readonly ObservedSaver[],
  when: string,
): Promise<void> {
  const reader = await open();
  const puts = observed.flatMap((saver) => saver.puts);
  for (const { id, ns, values } of puts) {
    const { checkpoint } = await read(reader, thread, id, ns);
    assertSame(valuesOfWrittenChannels(checkpoint), values, `${when}: checkpoint ${id} of namespace "${ns}"`);
  }
  const listed = await listIds(reader, address(thread));
  for (const { id } of puts) assert(listed.includes(id), `${when}: list lacks checkpoint ${id}`);
}
