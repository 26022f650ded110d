import type { Argument, RedisClient, RedisPipeline } from "./client.js";

/** The part of a command of ioredis that is used here. */
export interface RedisCommand {
  name: string;
  args: unknown[];
}

/**
 * The commands of one try of an operation.
 *
 * A client keeps what it cannot send, and may send again what had no answer: minutes later, over what others have written meanwhile, for an operation that has
 * long failed. What it does is up to its options, which are not ours. So what a try leaves behind becomes a PING, wherever the client has it, and is let go of.
 */
export class CommandsOfTry {
  readonly #commands: RedisCommand[] = [];
  #isOver = false;

  call(client: RedisClient, name: string, ...args: Argument[]): Promise<unknown> {
    return client.call.call(this.#through(client), name, ...args);
  }

  callBuffer(client: RedisClient, name: string, ...args: Argument[]): Promise<unknown> {
    return client.callBuffer.call(this.#through(client), name, ...args);
  }

  pipeline(client: RedisClient): RedisPipeline {
    const pipeline = client.pipeline() as RedisPipeline & { sendCommand(command: RedisCommand): unknown };
    const { sendCommand } = pipeline;
    pipeline.sendCommand = (command) => {
      this.#add(command);
      return sendCommand.call(pipeline, command);
    };
    return pipeline;
  }

  /** Takes back what the client still has. What is answered already is none of it. */
  end(): void {
    this.#isOver = true;
    for (const command of this.#commands.splice(0)) takeBack(command);
  }

  /** The client, as far as making a command goes. An automatic pipeline would lose the name of a command that is called by it (ioredis#2109). */
  #through(client: RedisClient): RedisClient {
    return Object.create(client, {
      options: { value: Object.create(client.options, { enableAutoPipelining: { value: false } }) },
      sendCommand: {
        value: (command: RedisCommand, ...where: unknown[]) => {
          this.#add(command);
          return client.sendCommand(command, ...where);
        },
      },
    }) as RedisClient;
  }

  #add(command: RedisCommand): void {
    // A try whose time is up may still be at work, and so may the client on a pipeline that it sends again.
    if (this.#isOver) takeBack(command);
    else this.#commands.push(command);
  }
}

function takeBack(command: RedisCommand): void {
  command.name = "ping";
  command.args = [];
}
