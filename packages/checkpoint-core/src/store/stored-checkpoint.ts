import type { CheckpointRef } from "../config/ids.js";
import { DeserializationError } from "../errors.js";

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
    if (error instanceof DeserializationError) throw new DeserializationError(error.message, { checkpoint, cause: error });
    throw new DeserializationError(`Stored bytes are damaged (${error instanceof Error ? error.name : typeof error}).`, {
      checkpoint,
    });
  }
}

/**
 * Loads values of a checkpoint.
 *
 * @throws DeserializationError that names the checkpoint if the serializer's does not. Other errors of a user's serializer pass unchanged.
 */
export async function loadOf<T>({ threadId, namespace, checkpointId }: CheckpointRef, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof DeserializationError) || error.checkpointId !== undefined) throw error;
    throw new DeserializationError(error.message, { checkpoint: { threadId, namespace, checkpointId }, cause: error });
  }
}
