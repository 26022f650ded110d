import { runSetUp } from "@holdfast/adapter-tests/children/set-up";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

runSetUp((url) => PostgresSaver.fromConnString(url, { poolSize: 1 }));
