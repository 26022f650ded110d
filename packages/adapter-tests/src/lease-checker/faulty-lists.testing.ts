import {
  type CheckpointStore,
  type LeaseAnswer,
  LeaseLostError,
  LeaseOffice,
  type LeaseRequest,
  ThreadBusyError,
} from "@holdfast/checkpoint-core";
import { type Gate, gate } from "@holdfast/test-servers";
import type { LeasedLists, ListLease } from "./leased-lists.js";
