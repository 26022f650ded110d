import { expect, test } from "vitest";
import { FaultPlan, planDoubles, randomNumbers } from "./fault-plan.js";
import { type PlannedTurn, planTurns } from "./play.js";
import { samples } from "./samples.js";

const turns = planTurns(samples);

/** Plays all turns, each with as many nodes as it has replies; a killed node begins again. Returns the turns at which somebody died. */
function killedIn(plan: FaultPlan): string[] {
  const killed: string[] = [];
  const nodeBegins = (turn: PlannedTurn): void => {
    if (!plan.claim(turn)) return;
    killed.push(`${turn.thread} ${turn.id}`);
    nodeBegins(turn);
  };
  for (const turn of turns) {
    for (let node = 0; node < Math.max(turn.replies, 1); node++) nodeBegins(turn);
    plan.over(turn);
  }
  return killed;
}

test.each([0, 1, 5, turns.length, 10 * turns.length])("%i kills are planned, and all of them are done", (kills) => {
  expect(killedIn(new FaultPlan(turns, kills, randomNumbers(1)))).toHaveLength(kills);
});

test("the seed decides", () => {
  const one = killedIn(new FaultPlan(turns, 5, randomNumbers(1)));
  expect(killedIn(new FaultPlan(turns, 5, randomNumbers(1)))).toEqual(one);
  expect(killedIn(new FaultPlan(turns, 5, randomNumbers(2)))).not.toEqual(one);
});

test("kills are spread over the run", () => {
  const killed = new Set(killedIn(new FaultPlan(turns, 4, randomNumbers(3))));
  expect(killed.size).toBe(4);
});

test("a kill that missed its node is made up for at the next one, of whatever turn", () => {
  const [first, second] = turns;
  if (first === undefined || second === undefined) throw new Error("two turns are needed");
  const plan = new FaultPlan([first], 1, randomNumbers(1));
  while (plan.claim(first) !== "planned");
  plan.missed();
  expect(plan.claim(second)).toBe("overdue");
  expect(plan.claim(second)).toBe(undefined);
});

test.each([0, 1, 5, turns.length])("%i turns are doubled, by turns to wait and to be refused", (doubles) => {
  const planned = [...planDoubles(turns, doubles, randomNumbers(1)).values()];
  expect(planned).toHaveLength(doubles);
  expect(planned.filter((whenBusy) => whenBusy === "wait")).toHaveLength(Math.ceil(doubles / 2));
});

test("more doubles than turns are all turns", () => {
  expect(planDoubles(turns, 10 * turns.length, randomNumbers(1)).size).toBe(turns.length);
});
