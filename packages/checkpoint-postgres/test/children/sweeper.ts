import { runSweeper } from "@holdfast/adapter-tests/children/sweeper";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

runSweeper((url) => PostgresSaver.fromConnString(url, { poolSize: 1, retention: { keepLast: 1 } }));
