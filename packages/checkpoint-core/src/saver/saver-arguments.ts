import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { refuseNoObject } from "../config/options.js";
import { InvalidOptionsError } from "../errors.js";

interface WithSerde {
  readonly serde?: SerializerProtocol;
}

/**
 * What the constructors of all savers take behind their pool or client: a serde, options, or both, a serde first. As the official savers have it, and so that no
 * order of them is taken for another one.
 *
 * @throws InvalidOptionsError
 */
export function saverArguments<Options extends WithSerde>(saver: string, second: unknown, third: Options | undefined): Options {
  const serde = isSerde(second) ? second : undefined;
  if (second !== undefined && serde === undefined && third !== undefined) {
    throw new InvalidOptionsError(
      `The second argument of ${saver} is no serde, which has dumpsTyped and loadsTyped. Give a serde and options, in this order, or one of them.`,
    );
  }
  const [options = {}]: readonly unknown[] = [third === undefined && serde === undefined ? second : third];
  refuseNoObject(saver, options);
  const { serde: option } = options as WithSerde;
  if (option !== undefined && serde !== undefined) {
    throw new InvalidOptionsError(`${saver} is given two serdes. Leave out the option serde, or the second argument.`);
  }
  if (option !== undefined && !isSerde(option)) {
    throw new InvalidOptionsError("serde must have the methods dumpsTyped and loadsTyped.");
  }
  return { ...(options as Options), ...(serde && { serde }) };
}

function isSerde(value: unknown): value is SerializerProtocol {
  const serde = value as Partial<SerializerProtocol> | null | undefined;
  return typeof serde?.dumpsTyped === "function" && typeof serde.loadsTyped === "function";
}
