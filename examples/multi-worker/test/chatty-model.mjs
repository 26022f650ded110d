import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage } from "@langchain/core/messages";

/** A chat model as a user would configure one, without a network: it looks something up and books something in each turn, then says that it did. */
class ChattyModel extends BaseChatModel {
  _llmType() {
    return "chatty";
  }

  bindTools() {
    return this;
  }

  async _generate(messages) {
    // biome-ignore lint/style/noRestrictedGlobals: a model takes its time; that is when its worker is killed.
    await new Promise((resolve) => setTimeout(resolve, 25));
    const message = messages.at(-1).getType() === "human" ? this.#callTools(messages.length) : new AIMessage("Done.");
    return { generations: [{ text: message.text, message }] };
  }

  #callTools(position) {
    const date = "2030-06-03";
    return new AIMessage({
      content: "",
      tool_calls: [
        { type: "tool_call", id: `search-${position}`, name: "search_flights", args: { from: "OSL", to: "LIS", date } },
        { type: "tool_call", id: `book-${position}`, name: "book_flight", args: { flight: "HF 210", date } },
      ],
    });
  }
}

export default new ChattyModel({});
