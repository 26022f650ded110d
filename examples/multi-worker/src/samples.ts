import type { ChatMessage, Conversation } from "./transcripts.js";

type Result = readonly [tool: string, args: Record<string, unknown>, result: string];

const SYSTEM: ChatMessage = {
  role: "system",
  content: [
    "# Travel desk",
    "You work at the travel desk of Holdfast Air. You help with flights, trains, reservations and baggage, and with nothing else.",
    "## How you work",
    "- Look things up before you answer: flights, fares, weather and rules change, and what you remember of them may be out of date.",
    "- Call several tools at once where one does not need the result of the other.",
    "- Booking, changing, cancelling, refunding and handing over to a colleague are approved by a person. Say what you are going to do before you do it.",
    "- Answer in one or two short sentences, in the language of the customer. Name prices in whole euros, times in local time.",
    "## Rules",
    "- A reservation holds up to nine passengers, all on the same flights and in the same fare.",
    "- Flexible fares can be cancelled until departure for a full refund, to the card that paid. Basic fares cannot, but for twenty-four hours after booking.",
    "- One piece of hand baggage of up to 8 kg is free. A piece of checked baggage of up to 23 kg costs 35, two cost 60.",
    "- Large instruments travel on a seat of their own at the child's fare, and have to be checked in at the counter.",
    "- Delayed baggage is traced for 21 days, then it counts as lost. Compensation is a matter of the claims desk, not yours.",
    "- Never guess a code, a name or a number of a card. Ask, or look it up.",
    "If a customer asks for a human, do not argue: offer to connect them with the right desk.",
  ].join("\n"),
};

/** What a search for flights gives: as long as such answers are. The first of them is the one that is talked about. */
function flights(number: number, departs: string, price: number, route: string): string {
  const [from, to] = route.split("-");
  const one = (nth: number) => ({
    flight: `HF ${number + 2 * nth}`,
    from,
    to,
    departs: nth === 0 ? departs : `${String((6 + 3 * nth) % 24).padStart(2, "0")}:${nth}5`,
    duration_minutes: 125 + 5 * nth,
    aircraft: nth % 2 === 0 ? "A320neo" : "E195-E2",
    fares: { basic: price, flexible: price + 85, business: price * 3 },
    seats_left: { basic: 9 - nth, flexible: 12, business: 4 },
  });
  return JSON.stringify([0, 1, 2, 3, 4].map(one));
}

const user = (content: string): ChatMessage[] => [{ role: "user", content }];
const assistant = (content: string): ChatMessage[] => [{ role: "assistant", content }];

/** One assistant message with all of the calls, which therefore run in parallel, and their results. */
function calls(...results: Result[]): ChatMessage[] {
  const ids = results.map(([tool], index) => `call_${tool}_${index + 1}`);
  return [
    {
      role: "assistant",
      content: null,
      tool_calls: results.map(([name, args], index) => ({
        id: ids[index] ?? "",
        type: "function" as const,
        function: { name, arguments: JSON.stringify(args) },
      })),
    },
    ...results.map(([name, , content], index) => ({ role: "tool" as const, tool_call_id: ids[index] ?? "", name, content })),
  ];
}

/** Conversations for a run without a file of transcripts. Among them: parallel calls, with and without an approval among them. */
export const samples: readonly Conversation[] = [
  [
    SYSTEM,
    ...user("Hello! Can you help me with a trip to Lisbon?"),
    ...assistant("Gladly. From where, and on which days?"),
    ...user("From Oslo, out on 3 June, back on the 10th."),
    ...calls(
      ["search_flights", { from: "OSL", to: "LIS", date: "2030-06-03" }, flights(210, "08:10", 142, "OSL-LIS")],
      ["search_flights", { from: "LIS", to: "OSL", date: "2030-06-10" }, flights(211, "17:35", 128, "LIS-OSL")],
      ["get_weather", { city: "Lisbon", month: 6 }, '{"high":26,"low":16,"rain_days":2}'],
    ),
    ...assistant("HF 210 out at 08:10 and HF 211 back at 17:35, 270 in all. June is dry there, about 26 degrees."),
    ...user("Please book both."),
    ...calls(
      ["book_flight", { flight: "HF 210", date: "2030-06-03" }, '{"reservation":"QX7P2A","status":"confirmed"}'],
      ["book_flight", { flight: "HF 211", date: "2030-06-10" }, '{"reservation":"QX7P2B","status":"confirmed"}'],
    ),
    ...assistant("Booked: QX7P2A out and QX7P2B back."),
    ...user("Thank you, that is all."),
    ...assistant("Have a good trip!"),
  ],
  [
    SYSTEM,
    ...user("I have to cancel my reservation K4M9TT."),
    ...calls(["get_reservation", { reservation: "K4M9TT" }, '{"flight":"HF 87","fare":"flexible","paid":310,"passengers":1}']),
    ...assistant("That is HF 87 on a flexible fare: 310 would be refunded. Shall I cancel it?"),
    ...user("Yes."),
    ...calls(
      ["cancel_reservation", { reservation: "K4M9TT" }, '{"status":"cancelled","refund":310}'],
      ["get_profile", { reservation: "K4M9TT" }, '{"name":"A. Example","refund_to":"card ending 1117"}'],
    ),
    ...assistant("It is cancelled; 310 goes back to the card ending 1117."),
  ],
  [
    SYSTEM,
    ...user("Which is cheaper next Friday to Rome, from Vienna or from Graz?"),
    ...calls(
      ["search_flights", { from: "VIE", to: "FCO", date: "2030-03-08" }, flights(512, "07:05", 96, "VIE-FCO")],
      ["search_flights", { from: "GRZ", to: "FCO", date: "2030-03-08" }, flights(733, "12:20", 134, "GRZ-FCO")],
      ["search_trains", { from: "Graz", to: "Vienna", date: "2030-03-08" }, '[{"train":"RJ 554","price":24}]'],
    ),
    ...calls(["calculate", { expression: "96 + 24" }, "120"]),
    ...assistant("From Vienna: 96, or 120 with the train from Graz. The direct flight from Graz is 134."),
    ...user("Then Vienna. And the train for me, please."),
    ...calls(
      ["search_seats", { train: "RJ 554", date: "2030-03-08" }, '{"window":12,"aisle":4}'],
      ["book_train", { train: "RJ 554", date: "2030-03-08", seat: "window" }, '{"reservation":"TR-22817","seat":"64 window"}'],
      ["book_flight", { flight: "HF 512", date: "2030-03-08" }, '{"reservation":"M2W8ZE","status":"confirmed"}'],
    ),
    ...assistant("Train TR-22817, seat 64 at the window, and flight M2W8ZE are booked."),
    ...user("Great. Bye!"),
  ],
  [
    SYSTEM,
    ...user("Can I take a cello on board? Ich fliege am 9. März nach Zürich 🎻"),
    ...calls([
      "search_policies",
      { topic: "musical instruments" },
      "A large instrument may travel on a seat of its own, at the child's fare.",
    ]),
    ...assistant("Ja: on a seat of its own, at the child's fare. What is your reservation?"),
    ...user("R8D3LC"),
    ...calls([
      "get_reservation",
      { reservation: "R8D3LC" },
      '{"flight":"HF 40","date":"2030-03-09","to":"ZRH","passengers":1,"child_fare":61}',
    ]),
    ...assistant("A second seat on HF 40 costs 61. Shall I add it?"),
    ...user("Please do, and tell me how early I should come."),
    ...calls(
      ["update_reservation", { reservation: "R8D3LC", add: "seat for instrument" }, '{"passengers":1,"extra_seats":1,"paid":61}'],
      ["search_policies", { topic: "check-in of large instruments" }, "At the counter, 90 minutes before departure."],
    ),
    ...assistant("The seat is added. Come to the counter 90 minutes before departure."),
  ],
  [
    SYSTEM,
    ...user("My bag did not arrive and nobody answers me. I want to talk to a human."),
    ...calls(
      ["get_baggage", { passenger: "me" }, '{"tag":"HF 772190","last_seen":"FRA","status":"delayed"}'],
      ["list_desks", {}, '["Baggage, 06:00-23:00","Claims, 09:00-17:00"]'],
    ),
    ...assistant("Your bag HF 772190 was last seen in Frankfurt. I can connect you with the baggage desk."),
    ...user("Do that."),
    ...calls(["transfer_to_human", { desk: "Baggage", summary: "Bag HF 772190 delayed, last seen in FRA" }, "Transferred."]),
  ],
];
