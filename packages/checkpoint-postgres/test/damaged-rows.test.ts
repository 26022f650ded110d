import { damagedRowTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";
import { rewriteRows } from "./rewrite-rows.js";

damagedRowTests({ ...postgresTarget, rewrite: rewriteRows });
