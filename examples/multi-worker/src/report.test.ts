import { expect, test } from "vitest";
import { faultsOf, type Report, table } from "./report.js";

const good: Report = {
  store: "postgres",
  server: "PostgreSQL 17.6 (embedded)",
  model: "recorded",
  workers: 3,
  conversations: 20,
  turns: 1_234,
  supersteps: 500,
  kills: 10,
  killedInNode: 10,
  resumes: 12,
  pickedUp: 11,
  frozen: 4,
  fenced: 3,
  requestsDoubled: 14,
  requestsRefused: 7,
  requestsQueued: 6,
  requestsRepeated: 2,
  kept: 2,
  lost: 0,
  doubled: 0,
  differing: 0,
  reexecuted: 0,
  webhooks: 60,
  webhookDeliveries: 95,
  webhookWorkersKilled: 4,
  webhookWorkersRedeployed: 3,
  webhooksNotAnsweredOnce: 0,
  contentBytes: 1_000,
  measure: "bytes on disk",
  storedBytes: 2_500,
  seconds: 12.3,
};

test("all zeros and all kills: nothing to complain about", () => {
  expect(faultsOf(good, { kills: 10, freezes: 3 })).toEqual([]);
});

test.each([
  [{ lost: 1 }, "1 messages or turns were lost"],
  [{ doubled: 2 }, "2 messages or turns are there twice"],
  [{ differing: 3 }, "3 messages differ from what was said"],
  [{ reexecuted: 4 }, "4 tasks ran again although their writes had been acknowledged"],
  [{ webhooksNotAnsweredOnce: 1 }, "1 messages of webhooks were not answered exactly once"],
  [{ fenced: 2 }, "2 frozen workers were fenced, not 3"],
  [{ kills: 9 }, "9 workers were killed, not 10"],
  [{ kills: 11 }, "11 workers were killed, not 10"],
])("%j is a fault", (change, text) => {
  expect(faultsOf({ ...good, ...change }, { kills: 10, freezes: 3 })).toEqual([expect.stringContaining(text)]);
});

test("the table shows every number", () => {
  const shown = table(good);
  expect(shown).toMatch(/^ {2}turns +1,234$/m);
  expect(shown).toMatch(/^ {2}workers killed +10 {2}10 in the middle of a node$/m);
  expect(shown).toMatch(/^ {2}workers frozen +4 {2}3 fenced when they went on$/m);
  expect(shown).toMatch(/^ {2}conversations picked up +11 {2}by sweepers; 1 by a request that waited$/m);
  expect(shown).toMatch(/^ {2}requests doubled +14 {2}7 refused, 6 queued$/m);
  expect(shown).toMatch(/^ {2}webhook messages +60 {2}delivered 95 times; 4 workers killed, 3 redeployed$/m);
  expect(shown).toMatch(/^ {2}bytes on disk +2,500 {2}2\.5 x the content$/m);
});
