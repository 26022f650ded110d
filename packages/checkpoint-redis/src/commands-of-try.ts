import type { Argument, RedisClient, RedisPipeline } from "./redis-client.js";

/** The part of an ioredis command that is used here. */
export interface RedisCommand {
  name: string;
  args: unknown[];
}

/**
 * The commands of one try of an operation.
 *
 * Depending on its options, a client queues what it cannot send and resends what had no answer: minutes later, over newer writes of others, for an operation that
 * has long failed. So a try turns its remaining commands into a PING, wherever the client holds them.
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

  /** Takes back commands that have no answer yet. */
  end(): void {
    this.#isOver = true;
    for (const command of this.#commands.splice(0)) takeBack(command);
  }

  /** The client for making commands. Automatic pipelining would lose the name of a command (ioredis#2109). */
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
    // A try that was given up may still be running, and the client may still resend a pipeline.
    if (this.#isOver) takeBack(command);
    else this.#commands.push(command);
  }
}

function takeBack(command: RedisCommand): void {
  command.name = "ping";
  command.args = [];
}
