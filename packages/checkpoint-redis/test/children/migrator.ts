import { runMigrator } from "@holdfast/adapter-tests/children/migrator";
import { openStore } from "../store-url.js";

runMigrator((url, fallback) => openStore(url, { fallback }));
