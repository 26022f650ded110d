import { upstreamValidation } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";

upstreamValidation({ ...postgresTarget, name: "@holdfast/checkpoint-postgres" });
