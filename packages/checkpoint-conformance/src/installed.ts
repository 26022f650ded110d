import * as langgraph from "@langchain/langgraph";
import { hasTaskPaths } from "./checkpoint-line.js";

/** What the LangGraph that is installed has, of all that came after the oldest one that the suite runs on. */
export const installed = {
  /** Tasks tell `putWrites` their path, and their writes are applied and read in its order: checkpoint 1.2. */
  taskPaths: hasTaskPaths,
  /** `interrupt` takes a `responseSchema`: langgraph 1.7. */
  responseSchema: "UnknownInterruptError" in langgraph,
} as const;

/** A part of LangGraph that a case is about, and that an older one lacks. */
export type Feature = keyof typeof installed;
