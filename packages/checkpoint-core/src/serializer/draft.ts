import { isJsonObject, isSameJson, type Json, type JsonObject, TAG } from "./format.js";
import { setOwn } from "./own-property.js";

/** Whether the new encoding equals the old one. Kinds that reuse the old one return it, so only others have to be compared. */
export function isReused(json: Json, old: Json): boolean {
  return json === old || (isJsonObject(json) && json[TAG] !== undefined && isSameJson(json, old));
}

/** Builds an object of the text, or returns the old one if it turns out to be the same. */
export class Draft {
  private readonly old: JsonObject | undefined;
  private readonly oldKeys: readonly string[];
  /** How many properties were set. */
  private count = 0;
  /** `undefined` while nothing has changed. */
  private made: JsonObject | undefined;

  constructor(old: Json | undefined) {
    this.old = isJsonObject(old) ? old : undefined;
    this.oldKeys = this.old === undefined ? [] : Object.keys(this.old);
    if (this.old === undefined) this.made = {};
  }

  /** The old value of the property that is set next, if it had the same place. */
  before(key: string): Json | undefined {
    return this.oldKeys[this.count] === key ? this.old?.[key] : undefined;
  }

  set(key: string, json: Json): void {
    if (this.made === undefined) {
      const before = this.before(key);
      if (before === undefined || !isReused(json, before)) this.made = this.soFar();
    }
    if (this.made !== undefined) setOwn(this.made, key, json);
    this.count += 1;
  }

  done(): JsonObject {
    if (this.made !== undefined) return this.made;
    return this.old !== undefined && this.count === this.oldKeys.length ? this.old : this.soFar();
  }

  private soFar(): JsonObject {
    const object: JsonObject = {};
    for (const key of this.oldKeys.slice(0, this.count)) setOwn(object, key, this.old?.[key] as Json);
    return object;
  }
}
