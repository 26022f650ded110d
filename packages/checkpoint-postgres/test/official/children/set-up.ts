/** Sets the store up when it is told to: one of many processes that start at once. */
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";

const saver = PostgresSaver.fromConnString(process.env.HOLDFAST_TEST_URL ?? "");

process.once("message", () => {
  saver
    .setup()
    .then(() => saver.end())
    .then(
      () => process.send?.("set up"),
      (error: unknown) => process.send?.(String(error)),
    )
    .finally(() => process.disconnect());
});
process.send?.("ready");
