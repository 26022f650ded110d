import type { AdapterTarget } from "@holdfast/adapter-tests";
import { closePooled, openPooled } from "./pooled-savers.js";
import { databaseWithTables } from "./saver-database.js";

/** This adapter, on databases of the server that all tests share. */
export const postgresTarget: AdapterTarget = {
  openStore: databaseWithTables,
  open: openPooled,
  close: closePooled,
  children: new URL("./children/", import.meta.url),
};
