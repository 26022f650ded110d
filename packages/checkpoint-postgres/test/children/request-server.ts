import { runRequestServer } from "@holdfast/adapter-tests/children/request-server";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

runRequestServer((url) => PostgresSaver.fromConnString(url, { poolSize: 8 }));
