import { agentTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";

agentTests("@holdfast/checkpoint-postgres", postgresTarget);
