import { processTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";
import { queryRows } from "./rows.js";
import { emptyDatabase } from "./saver-database.js";

processTests({
  ...postgresTarget,
  openEmptyStore: emptyDatabase,
  inspectSetup: (url) => queryRows(url, "select version, name from holdfast.migration order by version"),
});
