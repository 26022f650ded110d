import type { CheckpointRef } from "../config/ids.js";
import { DeserializationError } from "../errors.js";

/**
 * Runs what decodes stored bytes of a checkpoint.
 *
 * @throws DeserializationError that names the checkpoint and says nothing of what is stored, whatever `decode` throws: bytes that nobody has written may say
 *   things that no code expects.
 */
export function decodeOf<T>({ threadId, namespace, checkpointId }: CheckpointRef, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    const checkpoint = { threadId, namespace, checkpointId };
    if (error instanceof DeserializationError) throw new DeserializationError(error.message, { checkpoint, cause: error });
    throw new DeserializationError(`Stored bytes are damaged (${error instanceof Error ? error.name : typeof error}).`, {
      checkpoint,
    });
  }
}

/**
 * Runs what loads values of a checkpoint.
 *
 * @throws DeserializationError that names the checkpoint, where the serializer's does not. Its cause is what a serializer of the user's threw.
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
