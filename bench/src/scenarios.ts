import type { Scenario } from "./scenario.js";
import { chat } from "./scenarios/chat.js";
import { coldReads } from "./scenarios/cold-reads.js";
import { conversations } from "./scenarios/conversations.js";
import { deltaHistory } from "./scenarios/delta-history.js";
import { edits } from "./scenarios/edits.js";
import { exclusiveRuns } from "./scenarios/exclusive.js";
import { fiftyChannels } from "./scenarios/fifty-channels.js";
import { heap } from "./scenarios/heap.js";
import { history } from "./scenarios/history.js";
import { incompressibleChat } from "./scenarios/incompressible-chat.js";
import { largeValues } from "./scenarios/large-values.js";
import { latency } from "./scenarios/latency.js";
import { longestBlocks } from "./scenarios/longest-block.js";
import { redisScripts } from "./scenarios/redis-scripts.js";
import { short } from "./scenarios/short.js";
import { smallChange } from "./scenarios/small-change.js";
import { sweep } from "./scenarios/sweep.js";
import { throughput } from "./scenarios/throughput.js";
import { unrelatedKeys } from "./scenarios/unrelated-keys.js";
import { wholeDocument } from "./scenarios/whole-document.js";

/** By name, in the order in which they run and are reported. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  short,
  chat,
  "incompressible-chat": incompressibleChat,
  conversations,
  "small-change": smallChange,
  edits,
  "whole-document": wholeDocument,
  "fifty-channels": fiftyChannels,
  "large-values": largeValues,
  "longest-block": longestBlocks,
  throughput,
  latency,
  "cold-reads": coldReads,
  history,
  "delta-history": deltaHistory,
  exclusive: exclusiveRuns,
  "unrelated-keys": unrelatedKeys,
  sweep,
  heap,
  "redis-scripts": redisScripts,
};
