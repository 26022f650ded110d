import { say } from "../../conversation.mjs";

export async function POST(request) {
  return Response.json(await say(await request.json()));
}
