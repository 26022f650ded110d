/** So many members may be gone in a row: a list that is trimmed now and then loses some dozens at once. */
const MOST_GONE = 64;
/** After so many that are not found again, two lists are believed to have nothing in common. */
const MOST_MISSED = 4;

/**
 * Looks for members of a list a little later in an earlier one, from which some were removed. What is all new costs {@link MOST_MISSED} times
 * {@link MOST_GONE} comparisons, most of which end at the first property that differs.
 */
export class LaterSearch {
  #missed = 0;

  /** The first place in `[from, to)` that `isThere` accepts, if it is near. */
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
