import { forgottenLeaseTests } from "@holdfast/adapter-tests";
import { postgresTarget } from "./postgres-target.js";
import { queryRows } from "./rows.js";

forgottenLeaseTests({
  ...postgresTarget,
  async forgetLeases(url) {
    await queryRows(
      url,
      "update holdfast.thread set lease_token = null, lease_owner = null, lease_until = null, lease_request = null",
    );
  },
});
