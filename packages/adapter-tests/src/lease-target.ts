import type { AbandonedThreadSource } from "@holdfast/checkpoint-core";
import type { AdapterTarget, OpenOptions, TestedSaver } from "./target.js";

/** A saver with leases. */
export interface LeasingSaver extends TestedSaver, AbandonedThreadSource {}

export interface LeaseTarget extends Omit<AdapterTarget, "open"> {
  open(url: string, options?: OpenOptions): LeasingSaver;
}
