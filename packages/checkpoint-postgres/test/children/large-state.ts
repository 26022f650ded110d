import { runLargeState } from "@holdfast/adapter-tests/children/large-state";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

runLargeState((url) => PostgresSaver.fromConnString(url, { poolSize: 1 }));
