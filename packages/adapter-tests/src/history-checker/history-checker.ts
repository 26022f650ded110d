import { afterAll, beforeAll, expect, it } from "vitest";
import { type BundledChild, bundleChild } from "../bundled-child.js";
import type { RetentionTarget } from "../retention/target.js";
import { seededRandom } from "../seeded.js";
import type { TestStore } from "../target.js";
import type { History } from "./history.js";
import { violationsOf } from "./judge.js";
import { type FaultName, PLANTED_FAULTS } from "./planted-faults.js";
import type { PlantedFaults } from "./planted-graph-faults.js";
import { type Focus, programText, randomProgram, randomSetting } from "./program.js";
import type { Fault, Setting, Step } from "./step.js";
import { type Servers, withOddSavers, withServerFaults } from "./server-faults.js";
import { shrink } from "./shrink.js";
import { Stage, type StageOptions } from "./stage.js";

export interface HistoryTarget extends Pick<RetentionTarget, "openStore" | "open" | "close" | "inspect" | "children"> {
  /** Of a store on several servers: theirs, and where the store is for those who go through a network. */
  readonly addresses?: StageOptions["addresses"];
  readonly through?: StageOptions["through"];
  /** Servers that nobody else uses, as far as they can fail. */
  readonly servers?: Servers;
  /** Ends all connections to a store. */
  endConnections?(url: string): Promise<unknown>;
}

const SECONDS = 12;
/** Programs that the same processes play. */
const PROGRAMS_OF_A_SETTING = 10;
const SHRINK_SECONDS = 60;
/** A failover takes some seconds. */
const SHRINK_FAILOVER_SECONDS = 200;
const PLANTED_SECONDS = 60;
/** A race does not go the same way each time. */
const TRIES = 4;

const FAULTS: readonly Fault[] = ["cut", "lose an answer", "strand", "partition", "kill", "freeze"];

/**
 * Registers the check of histories. It plays the same programs each time; `HOLDFAST_SOAK_MINUTES` makes it a long one with others, `HOLDFAST_TEST_SEED` chooses
 * them: a program depends on its seed only, and a run goes on with the next ones.
 */
export function historyCheckerTests(target: HistoryTarget): void {
  it(
    "C-13 C-30 C-31 C-51 C-72 C-90 what was acknowledged holds, whatever befalls processes and their networks",
    {
      timeout: lastsMs(SECONDS) + 180_000,
    },
    () => expectNothing(target, SECONDS, 5),
  );
}

const soakMinutes = Number(process.env.HOLDFAST_SOAK_MINUTES ?? 0);
export const lastsMs = (seconds: number): number => (soakMinutes > 0 ? soakMinutes * 60_000 : seconds * 1_000);

/** Plays programs for some seconds, or for as long as a soak lasts, and expects that the judge finds nothing. */
export async function expectNothing(target: HistoryTarget, seconds: number, leastPrograms: number): Promise<void> {
  const end = performance.now() + lastsMs(seconds);
  const seed = Number(process.env.HOLDFAST_TEST_SEED ?? (soakMinutes > 0 ? Math.floor(Math.random() * 2 ** 32) : 1));
  const place = await openPlace(target);
  const search = { seed, isOver: () => performance.now() > end };
  const { found, programs, operations } = await searched(target, place, search).finally(() => place.close());
  if (soakMinutes > 0) process.stdout.write(`${programs} programs, ${operations} operations\n`);
  expect(found ?? "nothing", `HOLDFAST_TEST_SEED=${seed}`).toBe("nothing");
  expect(programs, "programs").toBeGreaterThan(leastPrograms);
}

/** Registers the test of the checker itself: each fault that is planted into the savers of its processes is found. */
export function plantedFaultTests(target: HistoryTarget): void {
  let place: Place;

  beforeAll(async () => {
    place = await openPlace(target);
  });
  afterAll(async () => place?.close());

  for (const [name, { finding, focus }] of Object.entries<PlantedFaults[string]>(PLANTED_FAULTS)) {
    it(`C-13 C-30 C-31 C-51 C-72 C-90 the checker of histories finds it when ${name}`, {
      timeout: PLANTED_SECONDS * 1_000 + 60_000,
    }, async () => {
      const end = performance.now() + PLANTED_SECONDS * 1_000;
      const isOver = (): boolean => performance.now() > end;
      const search = { seed: 1, plantedFault: name as FaultName, finding, focus: { faults: [], ...focus }, isOver };
      const { found, programs } = await searched(target, place, search);
      expect(found ?? "nothing", `in ${programs} programs`).toMatch(finding);
    });
  }
}

/** Where programs are played, and by what. */
export interface Place {
  readonly store: TestStore;
  readonly oldStore: TestStore;
  readonly script: BundledChild;
  close(): Promise<void>;
}

export async function openPlace(target: HistoryTarget): Promise<Place> {
  const [store, oldStore, script] = await Promise.all([
    target.openStore(),
    target.openStore(),
    bundleChild(new URL("history-client.ts", target.children)),
  ]);
  const close = async (): Promise<void> => void (await Promise.all([store.drop(), oldStore.drop(), script.remove()]));
  return { store, oldStore, script, close };
}

export interface Search {
  readonly seed: number;
  isOver(): boolean;
  readonly plantedFault?: FaultName;
  /** What is looked for. Default: whatever the judge finds. */
  readonly finding?: RegExp;
  readonly focus?: Focus | undefined;
}

/** Plays programs until one shows what no store may do. */
export async function searched(
  target: HistoryTarget,
  { store, oldStore, script }: Place,
  { seed, isOver, plantedFault, finding, focus = {} }: Search,
): Promise<{ readonly found: string | undefined; readonly programs: number; readonly operations: number }> {
  const possible = [...FAULTS, ...(target.endConnections === undefined ? [] : (["terminate"] as const))];
  const faults = new Set(focus.faults ?? possible);
  const optionsFor = (setting: Setting): StageOptions => ({
    script: script.path,
    url: store.url,
    oldUrl: oldStore.url,
    setting,
    plantedFault,
    addresses: target.addresses,
    ...(target.through !== undefined && { through: target.through }),
    servers: target.servers,
    open: (url, options) => target.open(url, { cacheBytes: 0, ...options }),
    close: target.close,
    inspect: target.inspect,
    endConnections: target.endConnections,
  });
  const shrinkMs = 1_000 * (target.servers?.replica === undefined ? SHRINK_SECONDS : SHRINK_FAILOVER_SECONDS);
  let [programs, operations] = [0, 0];
  while (!isOver()) {
    const random = seededRandom(seed + programs / PROGRAMS_OF_A_SETTING);
    const usual = randomSetting(random, focus.savers);
    const setting = target.servers === undefined ? usual : withOddSavers(random, usual);
    const stage = await Stage.open(optionsFor(setting));
    try {
      for (let n = 0; n < PROGRAMS_OF_A_SETTING && !isOver(); n += 1) {
        programs += 1;
        const steps = randomProgram(random, setting, faults);
        const program = target.servers === undefined ? steps : withServerFaults(random, steps, target.servers);
        const history = await stage.play(program);
        operations += history.operations.length;
        const violations = violationsOf(history);
        if (finding !== undefined && !violations.some((each) => finding.test(each))) continue;
        if (violations.length === 0) continue;
        const shown =
          finding === undefined
            ? await shortest(program, history, () => Stage.open(optionsFor(setting)), shrinkMs)
            : { program, history };
        return { found: report(shown.program, setting, shown.history), programs, operations };
      }
    } finally {
      await stage.close();
    }
    programs = Math.ceil(programs / PROGRAMS_OF_A_SETTING) * PROGRAMS_OF_A_SETTING;
  }
  return { found: undefined, programs, operations };
}

interface Shown {
  readonly program: readonly Step[];
  readonly history: History;
}

/** The shortest program that still fails, each played by fresh processes. */
async function shortest(program: readonly Step[], history: History, open: () => Promise<Stage>, lastsMs: number): Promise<Shown> {
  let shown: Shown = { program, history };
  const end = performance.now() + lastsMs;
  let stage = await open();
  const fails = async (shorter: readonly Step[]): Promise<boolean> => {
    for (let n = 0; n < TRIES; n += 1) {
      const again = await stage.play(shorter);
      if (again.deaths.length > 0) {
        await stage.close();
        stage = await open();
      }
      if (violationsOf(again).length === 0) continue;
      shown = { program: shorter, history: again };
      return true;
    }
    return false;
  };
  await shrink(program, fails, () => performance.now() > end);
  await stage.close();
  return shown;
}

function report(program: readonly Step[], setting: Setting, history: History): string {
  const start = history.operations[0]?.from ?? 0;
  const time = (at: number | undefined): string => (at === undefined ? "" : (at - start).toFixed(1));
  const lines = history.operations.map(
    ({ from, to, process, kind, outcome, ...more }) => `${time(from)}–${time(to)} ${process} ${kind} ${outcome} ${brief(more)}`,
  );
  return ["", ...violationsOf(history), "", programText(program, setting), "", ...(lines.length > 120 ? [] : lines)].join("\n");
}

/** Without values, which are long. */
function brief(more: object): string {
  return JSON.stringify(more, (key, value) => (key === "values" ? (value as { last?: unknown }).last : value));
}
