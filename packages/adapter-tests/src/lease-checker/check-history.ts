import type { Acquire, Append, History, Operation, Release } from "./history.js";

/** What in a history no store may do that keeps contract C-90 and C-91; none, when it is well. */
export function violationsOf(history: History): string[] {
  return Object.keys(history.lists).flatMap((thread) => {
    const operations = history.operations.filter((each) => each.thread === thread);
    const leases = operations.filter((each): each is Granted => each.kind === "acquire" && each.outcome === "ok");
    const appends = operations.filter((each): each is Append => each.kind === "append");
    const releases = operations.filter((each): each is Release => each.kind === "release");
    const list = history.lists[thread] ?? [];
    return [...violationsOfLeases(leases, releases, appends), ...faultsOfList(list, appends, history)].map(
      (violation) => `${thread}: ${violation}`,
    );
  });
}

type Granted = Acquire & { readonly token: string };

/** What no leases of one thread may be, whatever it is that was written under them. */
export function violationsOfLeases(
  leases: readonly Granted[],
  releases: readonly Release[],
  appends: readonly Append[],
): string[] {
  return [...tokensThatDoNotGrow(leases), ...leasesAtOnce(leases, releases), ...writesUnderEarlierLeases(leases, appends)];
}

/** When it was answered: they all were. */
const answered = ({ to = Number.POSITIVE_INFINITY }: Granted): number => to;

const byEnd = (a: Granted, b: Granted): number => answered(a) - answered(b);

/** The highest token that was granted, and answered, before a time. */
function highestBefore(leases: readonly Granted[]): (time: number) => bigint {
  const ends: number[] = [];
  const highest: bigint[] = [];
  for (const lease of [...leases].sort(byEnd)) {
    ends.push(answered(lease));
    highest.push(max(highest.at(-1) ?? 0n, BigInt(lease.token)));
  }
  return (time) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] as number) < time) low = middle + 1;
      else high = middle;
    }
    return highest[low - 1] ?? 0n;
  };
}

/** A lease that was asked for after another was granted has a higher token. */
function tokensThatDoNotGrow(leases: readonly Granted[]): string[] {
  const before = highestBefore(leases);
  const tokens = leases.map(({ token }) => token);
  const twice = tokens.filter((token, at) => tokens.indexOf(token) !== at).map((token) => `token ${token} was granted twice`);
  return leases
    .filter(({ token, from }) => BigInt(token) <= before(from))
    .map((lease) => `token ${lease.token} was granted to ${lease.client} after token ${before(lease.from)}`)
    .concat(twice);
}

/** A lease lasts for its time at least, counted from when it was asked for, unless its holder asked to release it. */
function leasesAtOnce(leases: readonly Granted[], releases: readonly Release[]): string[] {
  const firstReleases = new Map<string, Release>();
  for (const release of releases) {
    const other = firstReleases.get(release.token);
    if (other === undefined || release.from < other.from) firstReleases.set(release.token, release);
  }
  const violations: string[] = [];
  let next: Granted | undefined;
  for (const lease of [...leases].sort((a, b) => (BigInt(a.token) < BigInt(b.token) ? 1 : -1))) {
    const release = firstReleases.get(lease.token);
    const overlap = (clock: Clock): number =>
      Math.min(clock(lease).from + lease.ttlMs, release ? clock(release).from : Number.POSITIVE_INFINITY) -
      (next ? clock(next).to : Number.POSITIVE_INFINITY);
    // Where somebody sets the clock of the machine, a lease that ends early by the one has lasted by the other. The store's has whole milliseconds.
    if (next !== undefined && overlap(monotonic) > 0 && overlap(ofTheStore) >= 0) {
      violations.push(
        `token ${next.token} was granted to ${next.client} while ${lease.client} had token ${lease.token}, ` +
          `for ${Math.ceil(overlap(monotonic))} of its ${lease.ttlMs} ms, asked for ${Math.round(next.from - lease.from)} ms after it`,
      );
    }
    // Of the later ones, the one that was answered first.
    if (next === undefined || answered(lease) < answered(next)) next = lease;
  }
  return violations;
}

/** When an operation was asked for and answered. */
type Clock = (operation: Operation) => { readonly from: number; readonly to: number };

const monotonic: Clock = ({ from, to = Number.POSITIVE_INFINITY }) => ({ from, to });
const ofTheStore: Clock = (operation) => {
  const { from, to = Number.POSITIVE_INFINITY } = operation.clock ?? operation;
  return { from, to };
};

/** Once a lease is granted, nothing is written under an earlier one any more. */
function writesUnderEarlierLeases(leases: readonly Granted[], appends: readonly Append[]): string[] {
  const before = highestBefore(leases);
  return appends
    .filter(({ token, from, outcome }) => outcome === "ok" && BigInt(token) < before(from))
    .map(
      ({ client, value, token, from }) => `${client} wrote ${value} under token ${token} after token ${before(from)} was granted`,
    );
}

/** What was acknowledged is there once, in the order of the leases; what was refused is not. */
function faultsOfList(list: readonly string[], appends: readonly Append[], { cuts, patienceMs }: History): string[] {
  const violations: string[] = [];
  const known = new Map(appends.map((append) => [append.value, append]));
  const there = new Set<string>();
  let last: Append | undefined;
  for (const value of list) {
    const append = known.get(value);
    if (append === undefined) violations.push(`${value} is there, and nobody wrote it`);
    else if (there.has(value)) violations.push(`${value} is there twice`);
    else {
      if (last !== undefined && BigInt(append.token) < BigInt(last.token)) {
        violations.push(`${value} of token ${append.token} stands behind ${last.value} of token ${last.token}`);
      }
      last = append;
    }
    there.add(value);
  }
  // A write that was done, and tried again since its answer was lost, is refused when the lease has ended meanwhile.
  const mayBeTriedAgain = ({ client, from, to = Number.POSITIVE_INFINITY }: Operation): boolean =>
    to - from >= patienceMs || cuts.some((cut) => (cut.client ?? client) === client && cut.to >= from && cut.from <= to);
  for (const append of appends) {
    const { client, value, token, outcome } = append;
    if (outcome === "ok" && !there.has(value)) violations.push(`${value}, which ${client} wrote under token ${token}, is lost`);
    if (outcome === "refused" && there.has(value) && !mayBeTriedAgain(append))
      violations.push(`${value} was refused, and is there`);
  }
  return violations;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
