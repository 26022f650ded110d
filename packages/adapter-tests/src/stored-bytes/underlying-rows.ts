import type { RetentionTarget } from "../retention/target.js";

/** A field of a row as it lies in a store, or one part of what a store keeps in one field. */
export interface StoredField {
  /**
   * Table and column: `checkpoint.record`. The same name on all stores for what crafted rows are made of: record, links and metadata of a
   * checkpoint, payload and links of a write.
   */
  readonly kind: string;
  readonly thread: string;
  /** Namespace and id of the checkpoint to which it belongs, with a NUL between them; of a segment, its id. */
  readonly owner: string;
  readonly bytes: Buffer;
}

/** A segment to be added to a thread. */
export interface AddedSegment {
  /** 32 hex digits. */
  readonly id: string;
  readonly links: readonly string[];
  readonly body: Buffer;
}

/** What lies underneath, as it was when it was opened. */
export interface UnderlyingRows {
  readonly fields: readonly StoredField[];
  /**
   * Rewrites fields, and adds segments.
   *
   * @returns `false`, and nothing was changed, where the store takes no such bytes.
   */
  change(
    changes: readonly { readonly field: StoredField; readonly bytes: Buffer }[],
    added?: { readonly thread: string; readonly segments: readonly AddedSegment[] },
  ): Promise<boolean>;
  /** Puts everything back. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

export interface StoredBytesTarget extends Pick<RetentionTarget, "openStore" | "open" | "close"> {
  /**
   * Kinds of which only the way to a row depends: where it stands, in which order, whether it is shown. A row that is elsewhere may be missed; what is read is
   * what was stored all the same.
   */
  readonly places: ReadonlySet<string>;
  openRows(url: string): Promise<UnderlyingRows>;
}
