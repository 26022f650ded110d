import { isDeepStrictEqual } from "node:util";
import { endOf, type Facts, isBefore, type Place } from "../facts.js";
import { nodesOf, questionsOf, saidIn, type Turn } from "../graph.js";
import type { GraphCall, GraphValues, Put, Read, State } from "../history.js";
import { named, type Rule } from "./rule.js";

/**
 * A conversation is that of its branch: what a turn says stands behind what was said before it, once, in order, and nothing of another turn with it; a turn
 * that has ended is whole, and each of its questions has an answer that was given to it (C-15, C-35).
 */
export const conversationsGrow: Rule = (facts) =>
  conversations(facts).flatMap((put) => {
    const { turn, log } = stateIn(put);
    const parent = put.parent === undefined ? [] : facts.putsOfId({ namespace: "", id: put.parent });
    // One that is told to begin at a checkpoint that is gone begins with nothing.
    const begun = beginningOf(facts, put.call);
    const isAnew = begun !== undefined && begun.seen === undefined && isFirst(facts, put);
    const before = isAnew ? [] : parent.map((each) => stateIn(each).log);
    const say = (what: string): string[] => [`${named(put)} of ${put.call}, ${what}: ${log.join(" ; ")}`];
    if (put.parent !== undefined && parent.length === 0 && !isAnew) return say("on a checkpoint that nobody put");
    const old = [...before, []].find((its) => isDeepStrictEqual(log.slice(0, its.length), its));
    if (old === undefined || (before.length > 0 && !before.includes(old))) return say("does not go on from what was said before");
    const more = log.slice(old.length).map(saidIn);
    if (turn === undefined) return more.length > 0 ? say("says something without a turn") : [];
    // An update comes after what tasks had written on top of its parent.
    const own = more.findIndex(({ mark }) => mark === turn.mark);
    const carried = callOf(facts, put.call)?.how === "update" ? more.slice(0, Math.max(0, own)) : [];
    const isOfParent = carried.every(({ mark }) => parent.some((each) => stateIn(each).turn?.mark === mark));
    if (!isOfParent || more.slice(carried.length).some(({ mark }) => mark !== turn.mark)) {
      return say(`says what is not of turn ${turn.mark}`);
    }
    if (new Set(log).size < log.length) return say("says something twice");
    const ofTurn = log.map(saidIn).filter(({ mark }) => mark === turn.mark);
    const nodes = ofTurn.map(({ node }) => node);
    if (nodes.includes("update")) return [];
    if (new Set(nodes).size < nodes.length) return say("says something twice");
    if (nodes.includes("end") && !isDeepStrictEqual(nodes, nodesOf(turn))) return say("is not as its turn");
    return ofTurn.flatMap(({ node, more: told }) => [
      ...answersIn(facts, turn, node, told).flatMap(say),
      ...(node === "end" ? lengthsIn(facts, put, told, log.length - 1).flatMap(say) : []),
    ]);
  });

/** What is wrong with what a node says that it was told. */
function answersIn(facts: Facts, turn: Turn, node: string, told: readonly string[]): string[] {
  const answers = told.filter((each) => each.includes("="));
  const asked = questionsOf(turn, node);
  if (answers.length !== asked) return [`${node} has ${answers.length} answers to ${asked} questions`];
  return answers.flatMap((answer, at) => {
    const [question = "", mark] = answer.split("=");
    const call = callOf(facts, mark);
    // Of two that resume at once, one may answer what the other was asked before: LangGraph knows a node's questions by one id.
    const isOfNode = question.startsWith(`${turn.mark}?${node}?`);
    const isOfPlace = question.endsWith(`?${at}`) || call === undefined || isOvertaken(facts, call);
    if (!isOfNode || !isOfPlace) return [`${node} has the answer to ${question}`];
    return call?.answers?.[question] === answer ? [] : [`${node} has an answer that nobody gave`];
  });
}

/** What is wrong with how long a node found the log and the delta channel. */
function lengthsIn(facts: Facts, put: Put, [log, delta]: readonly string[], length: number): string[] {
  const call = callOf(facts, put.call);
  const isDeltaKnown =
    call !== undefined && !isDeltaShared(facts, put) && !isTakenMeanwhile(facts, { ...call, to: put.from }, put.id);
  return [
    ...(Number(log) === length ? [] : ["has read another log"]),
    ...(Number(delta) === length || !isDeltaKnown ? [] : ["has read another delta channel"]),
  ];
}

/** Whether another call resumed the thread after this one had looked at what is asked. */
function isOvertaken(facts: Facts, call: GraphCall): boolean {
  const looks = facts.operations.filter(
    (each) => each.kind === "state" && each.process === call.process && each.from < call.from,
  );
  const looked = looks.at(-1)?.from ?? call.from;
  return facts.operations.some(
    (each) =>
      each.kind === "graph call" &&
      each !== call &&
      each.thread === call.thread &&
      each.from < endOf(call) &&
      endOf(each) > looked,
  );
}

/** What a graph's state shows of a checkpoint is what was put; a delta channel is what the same entries make of a reducer's (C-44). */
export const statesAreAsTheyRan: Rule = (facts) =>
  facts.acknowledged("state").flatMap((state) => {
    const { thread, id, values } = state;
    if (id === undefined || values === undefined || isTakenMeanwhile(facts, state, id)) return [];
    const say = (what: string): string[] => [`${state.process} sees ${what} in the state of ${thread} ${id}`];
    const put = facts.putsOfId({ namespace: "", id }).at(-1);
    if (put === undefined) return [];
    const { log, turn } = stateIn(put);
    // Of the latest checkpoint, with what its tasks have written on top of it.
    const onTop = state.at === undefined ? values.log.slice(log.length) : [];
    const written = facts
      .writesOfId(put)
      .flatMap(({ writes }) => writes.flatMap(([channel, value]) => (channel === "turn" ? [value] : [])));
    const isTurn = [turn, ...(state.at === undefined ? written : [])].some((each) => isDeepStrictEqual(each, values.turn));
    const isOfTurn = onTop.every((entry, at) => saidIn(entry).mark === values.turn?.mark && onTop.indexOf(entry) === at);
    if (!isTurn || !isOfTurn || !isDeepStrictEqual(values.log, [...log, ...onTop])) return say(`[${values.log.join(" ; ")}]`);
    const isAlike = isDeepStrictEqual(values.delta, values.log) || isDeltaShared(facts, { ...put, thread });
    return isAlike ? [] : say(`a delta channel with [${values.delta.join(" ; ")}] for [${log.join(" ; ")}]`);
  });

/** What a call returned is what its last checkpoint has, and what it asked is what that checkpoint waits for, in order (C-15). */
export const callsAreAsReturned: Rule = (facts) =>
  facts.acknowledged("graph call").flatMap((call) => {
    const puts = putsOf(facts, call);
    const last = puts.at(-1);
    const states = facts.acknowledged("state").filter(({ id, thread }) => thread === call.thread && id === last?.id);
    if (call.how === "turn" && last === undefined) return [`${call.mark} ended, and nothing of it was put`];
    if (last === undefined) return [];
    const { values } = call;
    if (values === undefined) {
      const { questions } = call;
      if (questions === undefined) return [];
      return states
        .filter(
          (state) =>
            isBefore(call, state) &&
            isUntouched(facts, call, last, state) &&
            !isDeepStrictEqual(sorted(state), [...questions].sort()),
        )
        .map((state) => `${call.mark} asks ${questions.join()}, and ${state.process} sees that ${sorted(state).join()} is asked`);
    }
    const isOff = !isDeepStrictEqual(pick(values), pick(stateIn(last)));
    if (isOff) return [`${call.mark} returned ${values.log.join(" ; ")}, and put ${stateIn(last).log.join(" ; ")}`];
    return states
      .filter(
        (state) =>
          state.values !== undefined &&
          !isTakenMeanwhile(facts, state, last.id) &&
          !isDeltaShared(facts, last) &&
          !isDeepStrictEqual([pick(state.values), state.values.delta], [pick(values), values.delta]),
      )
      .map(
        (state) =>
          `${call.mark} returned ${values.delta.join(" ; ")}, and ${state.process} sees ${state.values?.delta.join(" ; ")}`,
      );
  });

/** A question belongs to the node that asks it, in the turn that goes on. */
export const questionsAreOfTheirNodes: Rule = (facts) =>
  facts
    .acknowledged("state")
    .flatMap(({ process, thread, values, questions = [] }) =>
      questions
        .filter(([node, question]) => !question.startsWith(`${values?.turn?.mark}?${node}?`))
        .map(([node, question]) => `${process} sees in ${thread} that ${node} asks ${question}`),
    );

/** What a call writes after its thread was deleted is refused, whatever of it has no parent that was stored (C-51). */
export const callsEndWithTheirThread: Rule = (facts) =>
  facts.acknowledged("put").flatMap((put) => {
    const call = callOf(facts, put.call);
    if (call === undefined) return [];
    const begun = beginningOf(facts, put.call);
    if (begun?.seen === undefined) return [];
    return facts
      .deletionsBefore(put.thread, put.from)
      .filter((deletion) => endOf(begun) < deletion.from)
      .slice(0, 1)
      .map(({ process }) => `the put of ${named(put)} by ${call.mark} was acknowledged, after ${process} deleted its thread`);
  });

const callOf = (facts: Facts, mark: string | undefined): GraphCall | undefined =>
  facts.operations.find((each): each is GraphCall => each.kind === "graph call" && each.mark === mark);

/** What a call read of the root graph first. */
const beginningOf = (facts: Facts, mark: string | undefined): Read | undefined =>
  facts.looks().find((look): look is Read => look.kind === "read" && look.call === mark && look.namespace === "");

/** Whether it is the first that its call puts of the root graph. */
const isFirst = (facts: Facts, put: Put): boolean => conversations(facts).find(({ call }) => call === put.call) === put;

/** What calls put of the root graph. */
function conversations(facts: Facts): Put[] {
  return facts.operations.filter(
    (each): each is Put => each.kind === "put" && each.call !== undefined && each.namespace === "" && each.outcome !== "refused",
  );
}

const putsOf = (facts: Facts, { mark }: GraphCall): Put[] => conversations(facts).filter(({ call }) => call === mark);

function stateIn({ values }: Pick<Put, "values">): Omit<GraphValues, "delta"> {
  const { turn, log = [] } = values as Partial<GraphValues>;
  return { log, ...(turn !== undefined && { turn }) };
}

const pick = ({ log, turn }: Omit<GraphValues, "delta">): unknown => [log, turn];
const sorted = ({ questions = [] }: State): string[] => questions.map(([, question]) => question).sort();

/** A state is read in two steps, the second for the deltas: what is taken out between them is missed. */
function isTakenMeanwhile(facts: Facts, state: GraphCall | State, id: string): boolean {
  const line = lineOf(facts, { thread: state.thread, namespace: "", id });
  return line.some((place) =>
    facts
      .removers(place, Number.NEGATIVE_INFINITY, endOf(state))
      .some(
        ({ kind, from, to }) => kind === "delete runs" || (from < endOf(state) && (to ?? Number.POSITIVE_INFINITY) > state.from),
      ),
  );
}

/** A checkpoint and all that it was made on. */
function lineOf(facts: Facts, place: Place): Place[] {
  const line: Place[] = [];
  for (let id: string | undefined = place.id; id !== undefined; id = facts.putsOfId({ namespace: "", id }).at(-1)?.parent) {
    line.push({ ...place, id });
  }
  return line;
}

/**
 * Whether another call may have written to what a checkpoint was made on when the call that went on from there had read it. LangGraph keeps deltas as writes
 * to the checkpoint that a task ran on, under ids that two calls share, so that there the branches of two calls are mixed, with every saver. Or whether a call
 * was told to begin at a checkpoint that was pruned: it begins with nothing, and names as its parent what delta channels of others are rebuilt from.
 */
function isDeltaShared(facts: Facts, place: Place): boolean {
  const line = lineOf(facts, place);
  return line.slice(1).some((parent, at) => {
    const child = facts.putsOfId(line[at] as Place).at(-1);
    const begun = beginningOf(facts, child?.call);
    if (begun?.id === parent.id && begun.seen === undefined) return true;
    return facts
      .writesOfId(parent)
      .some(
        (write) =>
          write.call !== child?.call &&
          write.writes.some(([channel]) => channel === "delta") &&
          endOf(write) >= (callOf(facts, child?.call)?.from ?? Number.NEGATIVE_INFINITY),
      );
  });
}

/** Whether nobody did anything to a thread between the end of a call and a look. */
function isUntouched(facts: Facts, call: GraphCall, last: Put, state: State): boolean {
  return !facts.operations.some(
    (each) =>
      (each.kind === "write" ||
        each.kind === "put" ||
        each.kind === "delete" ||
        each.kind === "delete runs" ||
        each.kind === "prune") &&
      (!("thread" in each) || each.thread === undefined || each.thread === last.thread) &&
      !("call" in each && each.call === call.mark) &&
      endOf(each) > call.from &&
      each.from < endOf(state),
  );
}
