/** The thread in which the n-th conversation (from 0) is played. */
export function threadIdOf(conversation: number): string {
  return `conversation-${conversation + 1}`;
}

/** The conversation that is played in a thread. A thread of another name gets one too, always the same. */
export function conversationNumber(threadId: string): number {
  const number = /^conversation-([1-9]\d{0,8})$/.exec(threadId)?.[1];
  if (number !== undefined) return Number(number) - 1;
  return [...threadId].reduce((hash, character) => (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003, 7);
}
