import { networkTests } from "@holdfast/adapter-tests";
import { PostgresSaver } from "@holdfast/checkpoint-postgres";
import { databaseWithTables } from "./saver-database.js";

networkTests({
  openStore: databaseWithTables,
  through: (proxy, url) => proxy.url(url),
  connect: (url, options) => PostgresSaver.fromConnString(url, options),
});
