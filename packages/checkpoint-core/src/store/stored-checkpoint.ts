import type { CheckpointRef } from "../config/ids.js";
import { DeserializationError } from "../errors.js";
import type { ReadCheckpoint } from "./checkpoint-store.js";

/**
 * Decodes stored bytes of a checkpoint.
 *
 * @throws DeserializationError that names the checkpoint and does not print what is stored, whatever `decode` throws on damaged bytes.
 */
export function decodeOf<T>({ threadId, namespace, checkpointId }: CheckpointRef, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    const checkpoint = { threadId, namespace, checkpointId };
    throw new DeserializationError(damageText(error), {
      checkpoint,
      ...(error instanceof DeserializationError && { cause: error }),
    });
  }
}

/** What may be said of an error at decoding: the message of one that is not ours may quote what is stored. */
export function damageText(error: unknown): string {
  return error instanceof DeserializationError ? error.message : `Stored bytes are damaged (${errorName(error)}).`;
}

export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

type Content = Pick<ReadCheckpoint, "parentId" | "metadata" | "record" | "slots">;

/**
 * A checkpoint of a reading. If its row is damaged, looking at its content throws what `decode` threw: whoever reads it is told, and those beside it can be read.
 *
 * @param place what is known of it all the same.
 */
export function readCheckpoint<Place extends Omit<ReadCheckpoint, keyof Content>>(
  place: Place,
  decode: () => Content,
): Place & Content {
  try {
    return { ...place, ...decode() };
  } catch (error) {
    const refuse = {
      get: (): never => {
        throw error;
      },
    };
    return Object.defineProperties({ ...place }, { parentId: refuse, metadata: refuse, record: refuse, slots: refuse }) as Place &
      Content;
  }
}

/**
 * Loads values of a checkpoint.
 *
 * @throws DeserializationError that names the checkpoint if the serializer's does not. Its cause is what a user's serializer threw.
 */
export async function loadOf<T>({ threadId, namespace, checkpointId }: CheckpointRef, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof DeserializationError) || error.checkpointId !== undefined) throw error;
    throw new DeserializationError(error.message, {
      checkpoint: { threadId, namespace, checkpointId },
      cause: error.cause ?? error,
    });
  }
}
