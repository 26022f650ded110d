import type { StoredMessage } from "./messages.js";
import type { ChatMessage, Conversation } from "./transcripts.js";
import { turnsOf } from "./turns.js";

/** How a thread differs from what it should be, in messages and turns. */
export interface Differences {
  readonly lost: number;
  readonly doubled: number;
  readonly differing: number;
}

export interface FinalState {
  readonly messages: readonly StoredMessage[];
  readonly turns: readonly string[];
}

/** The final state of a thread against the transcript that was played in it, message by message. */
export function compareWithTranscript(state: FinalState, transcript: Conversation): Differences {
  return total([
    differences(transcript.map(textOf), state.messages.map(textOf), repeatedIds(state)),
    compareTurns(state, transcript),
  ]);
}

/**
 * What can be said of a conversation with a live model, of which no transcript exists: every user message is there, once, and unchanged; every tool
 * call has one result, in its place; no id is there twice.
 */
export function checkLive(state: FinalState, transcript: Conversation): Differences {
  const users = (messages: readonly ChatMessage[]) => messages.filter(({ role }) => role === "user").map(textOf);
  const expectedResults = state.messages.flatMap(({ tool_calls }) => (tool_calls ?? []).map(({ id }) => id));
  const results = state.messages.flatMap(({ role, tool_call_id }) => (role === "tool" ? [tool_call_id ?? ""] : []));
  return total([
    differences(users(transcript), users(state.messages), repeatedIds(state)),
    differences(expectedResults, results),
    compareTurns(state, transcript),
  ]);
}

export function total(all: readonly Differences[]): Differences {
  const sum = (pick: (one: Differences) => number) => all.reduce((count, one) => count + pick(one), 0);
  return { lost: sum(({ lost }) => lost), doubled: sum(({ doubled }) => doubled), differing: sum(({ differing }) => differing) };
}

function compareTurns({ turns }: FinalState, transcript: Conversation): Differences {
  return differences(
    turnsOf(transcript).map(({ id }) => id),
    turns,
  );
}

/**
 * The smallest number of changes that make one list of the other: what is missing is lost, what is there once too often is doubled, what stands in
 * place of something else is differing.
 */
function differences(expected: readonly string[], actual: readonly string[], repeated = 0): Differences {
  // row[a]: the best way to make `actual[0..a]` of the expected items seen so far.
  let row: Differences[] = [];
  for (let a = 0; a <= actual.length; a++) row.push({ lost: 0, doubled: a, differing: 0 });
  for (const [e, item] of expected.entries()) {
    const next: Differences[] = [{ lost: e + 1, doubled: 0, differing: 0 }];
    for (const [a, other] of actual.entries()) {
      const [left, above, diagonal] = [next[a], row[a + 1], row[a]];
      if (left === undefined || above === undefined || diagonal === undefined) throw new Error("unreachable");
      next.push(
        least([
          item === other ? diagonal : { ...diagonal, differing: diagonal.differing + 1 },
          { ...above, lost: above.lost + 1 },
          { ...left, doubled: left.doubled + 1 },
        ]),
      );
    }
    row = next;
  }
  const found = row.at(-1) ?? { lost: 0, doubled: 0, differing: 0 };
  return { ...found, doubled: Math.max(found.doubled, repeated) };
}

function least(ways: readonly [Differences, ...Differences[]]): Differences {
  const cost = ({ lost, doubled, differing }: Differences) => lost + doubled + differing;
  return ways.reduce((best, way) => (cost(way) < cost(best) ? way : best));
}

function repeatedIds({ messages }: FinalState): number {
  const ids = messages.map(({ id }) => id).filter((id) => id !== undefined);
  return ids.length - new Set(ids).size;
}

/** All of a message that counts. `null` and no text are the same content; arguments are compared as JSON values, in the order of their keys. */
function textOf({ role, content, tool_calls, tool_call_id, name }: ChatMessage): string {
  const calls = (tool_calls ?? []).map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments) as unknown]);
  return JSON.stringify([role, content ?? "", calls, tool_call_id ?? null, name ?? null]);
}

/** What a user would say their conversation weighs: the texts and the arguments of tool calls, in UTF-8. */
export function contentBytes(messages: readonly ChatMessage[]): number {
  const texts = messages.flatMap(({ content, tool_calls }) => [
    content ?? "",
    ...(tool_calls ?? []).map((call) => call.function.arguments),
  ]);
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
}
