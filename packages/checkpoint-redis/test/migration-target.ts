import type { MigrationTarget } from "@holdfast/adapter-tests";
import { inject } from "vitest";
import { redisTarget } from "./redis-target.js";

export const migrationTarget: MigrationTarget = { ...redisTarget, postgresUrl: () => inject("holdfastPostgresUrl") };
