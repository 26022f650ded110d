import type { ConformanceSuite } from "./case.js";
import { asInMemory } from "./suites/as-in-memory/index.js";
import { concurrentRuns } from "./suites/concurrent-runs.js";
import { conflicts } from "./suites/conflicts.js";
import { cutConnections } from "./suites/cut-connections.js";
import { deleteThread } from "./suites/delete-thread.js";
import { deletedThreads } from "./suites/deleted-threads.js";
import { deltaHistory } from "./suites/delta-history.js";
import { fidelity } from "./suites/fidelity.js";
import { getTuple } from "./suites/get-tuple.js";
import { graphs } from "./suites/graphs.js";
import { instances } from "./suites/instances.js";
import { interrupts } from "./suites/interrupts.js";
import { largeState } from "./suites/large-state.js";
import { leases } from "./suites/leases.js";
import { lifecycle } from "./suites/lifecycle.js";
import { list } from "./suites/list.js";
import { pendingWrites } from "./suites/pending-writes.js";
import { processes } from "./suites/processes.js";
import { putCheckpoints } from "./suites/put.js";
import { randomPrograms } from "./suites/random-programs.js";
import { stateUpdates } from "./suites/state-updates.js";
import { statefulSubgraph } from "./suites/stateful-subgraph.js";
import { threadIdentity } from "./suites/thread-identity.js";
import { timeTravel } from "./suites/time-travel.js";

/** Every suite, in the order in which they are best read: from single calls to whole programs. */
export const allSuites: readonly ConformanceSuite[] = [
  threadIdentity,
  getTuple,
  list,
  putCheckpoints,
  pendingWrites,
  deltaHistory,
  deleteThread,
  deletedThreads,
  fidelity,
  randomPrograms,
  instances,
  processes,
  largeState,
  lifecycle,
  cutConnections,
  graphs,
  timeTravel,
  interrupts,
  stateUpdates,
  statefulSubgraph,
  ...asInMemory,
  concurrentRuns,
  leases,
  conflicts,
];
