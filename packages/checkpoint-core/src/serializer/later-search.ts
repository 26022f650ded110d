/** How many removed members in a row are found: trimming a list removes some dozens at once. */
const MOST_GONE = 64;
/** After this many misses, two lists count as unrelated. */
const MOST_MISSED = 4;

/**
 * Searches a list's old version, a little further on, for members of the new one, because some in between were removed. An entirely new list costs
 * {@link MOST_MISSED} times {@link MOST_GONE} comparisons, most of which end at the first property that differs.
 */
export class LaterSearch {
  #missed = 0;

  /** The first nearby place in `[from, to)` that `isThere` accepts. */
  find(from: number, to: number, isThere: (place: number) => boolean): number | undefined {
    if (this.#missed >= MOST_MISSED) return undefined;
    for (let place = from; place < Math.min(to, from + MOST_GONE); place += 1) {
      if (!isThere(place)) continue;
      this.#missed = 0;
      return place;
    }
    this.#missed += 1;
    return undefined;
  }
}
