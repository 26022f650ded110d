import type { RedisClient } from "@holdfast/checkpoint-redis";

/** What a client was asked. */
export interface Asked {
  /** Requests that waited for one another. */
  roundTrips: number;
  /** Requests that failed. */
  failures: number;
  /** Done before each request is sent. */
  before?: (() => Promise<void>) | undefined;
}

/**
 * Counts what is asked of a client from now on.
 *
 * A round trip is the time that a caller waits for. Requests that leave together take one, on whatever connections: the write of a thread beside its
 * entry in the index, the shards of the index. So a request counts unless one that it left with has had no answer yet; as soon as there is any answer,
 * the next request counts, since it may have waited for that one. Requests that have nothing to do with each other may be counted too often, and none
 * too seldom. A pipeline is one request: it travels as one.
 */
export function countRequests(client: RedisClient): Asked {
  const asked: Asked = { roundTrips: 0, failures: 0 };
  let isOnItsWay = false;
  const count = async <T>(send: () => Promise<T>): Promise<T> => {
    if (!isOnItsWay) asked.roundTrips += 1;
    isOnItsWay = true;
    try {
      await asked.before?.();
      return await send();
    } catch (error) {
      asked.failures += 1;
      throw error;
    } finally {
      isOnItsWay = false;
    }
  };
  const { call, callBuffer, pipeline } = client;
  // Not arrow functions: the saver says through what a command goes.
  client.call = function (this: RedisClient, ...args) {
    return count(() => call.apply(this, args));
  };
  client.callBuffer = function (this: RedisClient, ...args) {
    return count(() => callBuffer.apply(this, args));
  };
  client.pipeline = () => {
    const commands = pipeline.call(client);
    const { exec } = commands;
    commands.exec = () => count(() => exec.call(commands));
    return commands;
  };
  return asked;
}
