import { storedByteTests } from "@holdfast/adapter-tests";
import { retentionTarget } from "./retention-target.js";
import { PLACES, underlyingRows } from "./underlying-rows.js";

storedByteTests({ ...retentionTarget, places: PLACES, openRows: underlyingRows });
