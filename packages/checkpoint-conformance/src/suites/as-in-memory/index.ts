import { deltasAsInMemory } from "./deltas.js";
import { functionalAsInMemory } from "./functional.js";
import { excusesAsInMemory } from "./in-favour.js";
import { interruptsAsInMemory } from "./interrupts.js";
import { messagesAsInMemory } from "./messages.js";
import { runsAsInMemory } from "./runs.js";
import { sendsAsInMemory } from "./sends.js";
import { stateAsInMemory } from "./state.js";
import { subgraphsAsInMemory } from "./subgraphs.js";

/** Whole programs, compared with `MemorySaver` in all that they see and in every read of a saver. */
export const asInMemory = [
  messagesAsInMemory,
  interruptsAsInMemory,
  sendsAsInMemory,
  subgraphsAsInMemory,
  functionalAsInMemory,
  runsAsInMemory,
  deltasAsInMemory,
  stateAsInMemory,
  excusesAsInMemory,
] as const;
