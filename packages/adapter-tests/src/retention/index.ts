import { describe } from "vitest";
import { copyingTests } from "./copying.js";
import { deletedMeanwhileTests } from "./deleted-meanwhile.js";
import { freeingTests } from "./freeing.js";
import { keepingTests } from "./keeping.js";
import { labellingTests } from "./labelling.js";
import { lateWriteTests } from "./late-writes.js";
import { listingTests } from "./listing.js";
import { meanwhileTests } from "./meanwhile.js";
import { randomLifeTests } from "./random-lives.js";
import { refusalTests } from "./refusals.js";
import { refusedDeleteTests } from "./refused-deletes.js";
import { type RetentionStore, retentionStore } from "./retention-store.js";
import { rollingBackTests } from "./rolling-back.js";
import { storingTests } from "./storing.js";
import { sweepingTests } from "./sweeping.js";
import type { RetentionTarget } from "./target.js";

/** Registers the tests of the life of threads: retention, copies, and finding them again. */
export function retentionTests(target: RetentionTarget): void {
  describe("random lives", () => randomLifeTests(target));
  describe("one by one", () => singleTests(retentionStore(target)));
}

function singleTests(store: RetentionStore): void {
  describe("what stays", () => keepingTests(store));
  describe("what is stored", () => storingTests(store));
  describe("what is freed", () => freeingTests(store));
  describe("runs that go on meanwhile", () => meanwhileTests(store));
  describe("runs whose thread is deleted", () => lateWriteTests(store));
  describe("runs that are taken out", () => rollingBackTests(store));
  describe("what others delete meanwhile", () => deletedMeanwhileTests(store));
  describe("sweeps", () => sweepingTests(store));
  describe("copies", () => copyingTests(store));
  describe("lists and numbers", () => listingTests(store));
  describe("labels", () => labellingTests(store));
  describe("refused deletes", () => refusedDeleteTests(store));
  describe("refusals", () => refusalTests(store));
}
