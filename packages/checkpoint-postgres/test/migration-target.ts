import type { MigrationTarget } from "@holdfast/adapter-tests";
import { inject } from "vitest";
import { postgresTarget } from "./postgres-target.js";

export const migrationTarget: MigrationTarget = { ...postgresTarget, postgresUrl: () => inject("holdfastPostgresUrl") };
