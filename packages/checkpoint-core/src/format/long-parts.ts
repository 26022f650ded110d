import { BlockIndex } from "./matches.js";
import { MAX_LINKING_BYTES, type Repeatable, type SegmentWithContent } from "./segment.js";

/** The segments of which long parts may be repeated, and where what stands. */
interface LongParts {
  readonly segments: readonly SegmentWithContent[];
  readonly index: BlockIndex | undefined;
}

const NO_LONG_PARTS: LongParts = { segments: [], index: undefined };
/** Made once for all values of a put. */
const longParts = new WeakMap<Repeatable, Promise<LongParts>>();

export function longPartsOf(repeatable: Repeatable): Promise<LongParts> {
  const known = longParts.get(repeatable);
  if (known !== undefined) return known;
  const made = indexLongParts(repeatable.verbatim.filter(({ content }) => content.length >= MAX_LINKING_BYTES));
  longParts.set(repeatable, made);
  return made;
}

async function indexLongParts(segments: readonly SegmentWithContent[]): Promise<LongParts> {
  if (segments.length === 0) return NO_LONG_PARTS;
  const contents = segments.map(({ content }) => content);
  return { segments, index: await BlockIndex.of(contents, MAX_LINKING_BYTES) };
}
