import { asInMemoryTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";

asInMemoryTests("@holdfast/checkpoint-postgres", postgresTarget);
