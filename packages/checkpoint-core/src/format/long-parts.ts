import { BlockIndex } from "./matches.js";
import { MAX_LINKING_BYTES } from "./compression.js";
import type { Repeatable, SegmentWithContent } from "./segment.js";
import type { Work } from "./turn.js";

/** The segments of which long parts may be repeated, and where what stands. */
interface LongParts {
  readonly segments: readonly SegmentWithContent[];
  readonly index: BlockIndex | undefined;
}

const NO_LONG_PARTS: LongParts = { segments: [], index: undefined };
/** Made once for all values of a put. */
const longParts = new WeakMap<Repeatable, LongParts>();

export function* longPartsOf(repeatable: Repeatable): Work<LongParts> {
  const known = longParts.get(repeatable);
  if (known !== undefined) return known;
  const segments = repeatable.verbatim.filter(({ content }) => content.length >= MAX_LINKING_BYTES);
  const contents = segments.map(({ content }) => content);
  const made = segments.length === 0 ? NO_LONG_PARTS : { segments, index: yield* BlockIndex.of(contents, MAX_LINKING_BYTES) };
  longParts.set(repeatable, made);
  return made;
}
