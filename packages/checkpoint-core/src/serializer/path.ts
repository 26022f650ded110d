/** One step into a value: an array index, a property, or otherwise text to append, like `.entries[0].key`. */
export type Segment = number | string | { readonly text: string };

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** A path of a thousand steps tells no more than its beginning. */
const MAX_SEGMENTS = 32;

/** `messages`, `3`, `artifact`, `a b` → `messages[3].artifact["a b"]`. */
export function renderPath(root: string, segments: readonly Segment[]): string {
  let path = root;
  for (const [i, segment] of segments.entries()) {
    if (i === MAX_SEGMENTS) return `${path}… (${segments.length - i} levels more)`;
    if (typeof segment === "number") path += `[${segment}]`;
    else if (typeof segment === "object") path += segment.text;
    else path += IDENTIFIER.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
  }
  return path;
}
