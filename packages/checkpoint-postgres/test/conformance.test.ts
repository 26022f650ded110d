import { postgresConformance } from "./postgres-conformance.js";

postgresConformance({ name: "@holdfast/checkpoint-postgres", urlOf: ({ url }) => url });
