/**
 * What nearly every state repeats, as a preset dictionary for deflate: the most frequent text stands last, where references to it are shortest.
 *
 * Frozen: stored bytes can only be read with the dictionary that they were written with. A change needs a new codec number in `segment.ts`.
 */
const TEXT = [
  '"source":"update""source":"fork""source":"input""source":"loop"',
  '{"~":"undefined"}{"~":"Date","v":"2026-01-01T00:00:00.000Z"}{"~":"Map","v":[[{"~":"Set","v":[',
  '"__interrupt__""__resume__""__error__""__scheduled__""__pregel_tasks""__input__":{}',
  '"model_name":"gpt-4o","finish_reason":"stop","system_fingerprint":"fp_","tokenUsage":{"promptTokens":,"completionTokens":,"totalTokens":}',
  '"usage_metadata":{"input_tokens":,"output_tokens":,"total_tokens":,"input_token_details":{"cache_read":0},"output_token_details":{"reasoning":0}}',
  '{"~":"msg","c":"SystemMessage","k":{"content":"You are a helpful assistant. ',
  '{"~":"msg","c":"ToolMessage","k":{"status":"success","content":"{\\"","artifact":null,"tool_call_id":"call_","name":"',
  '{"~":"msg","c":"AIMessage","k":{"content":"","tool_calls":[{"name":"","args":{"},"id":"call_","type":"tool_call"}],"invalid_tool_calls":[],',
  '"additional_kwargs":{"tool_calls":[{"id":"call_","type":"function","function":{"name":"","arguments":"{\\"',
  '{"~":"msg","c":"AIMessage","k":{"content":"","additional_kwargs":{},"response_metadata":{},"id":"","tool_calls":[],"invalid_tool_calls":[]}}',
  '{"~":"msg","c":"HumanMessage","k":{"content":"","additional_kwargs":{},"response_metadata":{},"id":"","name":"user"}}',
  " the and of to in is that for you are with this have not your from can will would what please thank I",
  '{"w":[[0,"messages","hf1",[1,"branch:to:tools","hf1",[1,"branch:to:agent","hf1",4]]}null',
  '{"v":4,"ts":"2026-01-01T00:00:00.000Z","cv":{"__start__":1,"messages":2,"branch:to:agent":3,"branch:to:tools":4},',
  '"vs":{"__input__":{},"__start__":{"__start__":1},"agent":{"branch:to:agent":2},"tools":{"branch:to:tools":3}},',
  '"ch":[["__start__","hf1",["messages","hf1",[0,0,["branch:to:agent","hf1",4]]}{"messages":[',
].join("");

export const FROZEN_DICTIONARY: Buffer = Buffer.from(TEXT, "utf8");
