import type { ToolCall } from "@langchain/core/messages/tool";
import { z } from "zod";

interface TravelTool {
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodObject;
  run(args: Record<string, unknown>): unknown;
}

/** What a live model may call. The answers are made up, and the same for the same question. */
export const travelTools: readonly TravelTool[] = [
  {
    name: "search_flights",
    description: "Flights between two airports (IATA codes) on a day.",
    schema: z.object({ from: z.string(), to: z.string(), date: z.string() }),
    run: (args) => [0, 1].map((n) => ({ flight: `HF ${pick(args, n, 900) + 100}`, price: pick(args, n + 2, 200) + 60 })),
  },
  {
    name: "search_policies",
    description: "What the airline says about a topic, such as baggage or refunds.",
    schema: z.object({ topic: z.string() }),
    run: ({ topic }) => `${String(topic)}: allowed up to 23 kg; changes are free until 24 hours before departure.`,
  },
  {
    name: "get_reservation",
    description: "A reservation by its code.",
    schema: z.object({ reservation: z.string() }),
    run: (args) => ({ ...args, flight: `HF ${pick(args, 0, 900) + 100}`, fare: "flexible", paid: pick(args, 1, 400) + 80 }),
  },
  {
    name: "book_flight",
    description: "Books a flight. A person approves it first.",
    schema: z.object({ flight: z.string(), date: z.string() }),
    run: (args) => ({ ...args, reservation: `R${pick(args, 0, 90_000) + 10_000}`, status: "confirmed" }),
  },
  {
    name: "cancel_reservation",
    description: "Cancels a reservation. A person approves it first.",
    schema: z.object({ reservation: z.string() }),
    run: (args) => ({ ...args, status: "cancelled" }),
  },
];

/** The result of a call as text; a call that makes no sense is told so, so that the model can try again. */
export function runTravelTool({ name, args }: ToolCall): string {
  const tool = travelTools.find((candidate) => candidate.name === name);
  if (tool === undefined) return `There is no tool ${name}.`;
  const parsed = tool.schema.safeParse(args);
  if (!parsed.success) return z.prettifyError(parsed.error);
  const answer = tool.run(parsed.data);
  return typeof answer === "string" ? answer : JSON.stringify(answer);
}

/** A number below `limit` that depends on the question only. */
function pick(args: Record<string, unknown>, nth: number, limit: number): number {
  return (
    [...JSON.stringify([args, nth])].reduce((hash, character) => (hash * 31 + character.charCodeAt(0)) % 1_000_003, 7) % limit
  );
}
