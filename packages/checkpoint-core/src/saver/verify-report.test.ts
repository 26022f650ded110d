import { expect, it } from "vitest";
import { Findings } from "./verify-report.js";

it("C-29 a report has the first 1,000 problems, and the number of all", () => {
  const findings = new Findings();
  for (let n = 0; n < 1_500; n += 1) findings.add("damaged", `thread ${n}`, { checkpointId: `${n}` }, "damaged");
  const { problems, problemCount } = findings.report();
  expect(problemCount).toBe(1_500);
  expect(problems).toHaveLength(1_000);
  expect(problems[999]).toEqual({
    kind: "damaged",
    threadId: "thread 999",
    namespace: undefined,
    checkpointId: "999",
    taskId: undefined,
    segmentId: undefined,
    message: "damaged",
  });
});
