import { type ChatEvent, httpError } from "./chat.js";

/** Waits for the first event, so that what fails before it still has an HTTP status. What fails later is an event `error`. */
export async function serverSentEvents(events: AsyncGenerator<ChatEvent>): Promise<AsyncGenerator<string>> {
  const first = await events.next();
  return (async function* () {
    try {
      if (!first.done) yield format(first.value);
      for await (const event of events) yield format(event);
    } catch (error) {
      yield format({ event: "error", data: { code: httpError(error).code } });
    } finally {
      await events.return(undefined);
    }
  })();
}

const format = ({ event, data }: { event: string; data: unknown }): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
