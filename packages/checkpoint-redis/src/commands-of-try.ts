import type { Argument, RedisClient, RedisPipeline, RedisStream } from "./redis-client.js";

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
    return senderOf(client).of(this, (through) => client.call.call(through, name, ...args));
  }

  callBuffer(client: RedisClient, name: string, ...args: Argument[]): Promise<unknown> {
    return senderOf(client).of(this, (through) => client.callBuffer.call(through, name, ...args));
  }

  pipeline(client: RedisClient): RedisPipeline {
    const pipeline = client.pipeline() as RedisPipeline & { sendCommand(command: RedisCommand): unknown };
    const { sendCommand } = pipeline;
    pipeline.sendCommand = (command) => {
      this.add(command);
      return sendCommand.call(pipeline, command);
    };
    return pipeline;
  }

  /** Takes back commands that have no answer yet. */
  end(): void {
    this.#isOver = true;
    for (const command of this.#commands.splice(0)) takeBack(command);
  }

  add(command: RedisCommand): void {
    // A try that was given up may still be running, and the client may still resend a pipeline.
    if (this.#isOver) takeBack(command);
    else this.#commands.push(command);
  }
}

/** Makes a client's commands for one try after the other. One for each client: to make it takes 3 us. */
class Sender {
  readonly #through: RedisClient;
  #current: CommandsOfTry | undefined;
  #held: RedisStream | undefined;

  constructor(client: RedisClient) {
    this.#through = Object.create(client, {
      // Automatic pipelining would lose the name of a command (ioredis#2109).
      options: { value: Object.create(client.options, { enableAutoPipelining: { value: false } }) },
      sendCommand: {
        value: (command: RedisCommand, ...where: unknown[]) => {
          this.#current?.add(command);
          this.#hold(client.stream);
          return client.sendCommand(command, ...where);
        },
      },
    }) as RedisClient;
  }

  /**
   * What is sent before the promises that are settled by now have been dealt with leaves in one write. LangGraph puts a checkpoint, and the last writes before it,
   * at once, as many runs do that Redis has answered at once; and a write takes the system 20 to 90 us of the 100 to 200 that an operation takes.
   */
  #hold(stream: RedisStream | null | undefined): void {
    if (!stream?.cork || stream === this.#held) return;
    stream.cork();
    this.#held = stream;
    process.nextTick(() => {
      this.#held = undefined;
      stream.uncork?.();
    });
  }

  /** @param make makes one command, and hands it to the client before it returns. */
  of<T>(commands: CommandsOfTry, make: (through: RedisClient) => T): T {
    this.#current = commands;
    return make(this.#through);
  }
}

const senders = new WeakMap<RedisClient, Sender>();

function senderOf(client: RedisClient): Sender {
  let sender = senders.get(client);
  if (sender === undefined) {
    sender = new Sender(client);
    senders.set(client, sender);
  }
  return sender;
}

function takeBack(command: RedisCommand): void {
  command.name = "ping";
  command.args = [];
}
