import { runMigrator } from "@holdfast/adapter-tests/children/migrator";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";

runMigrator((url, fallback) => PostgresSaver.fromConnString(url, { poolSize: 1, fallback }));
