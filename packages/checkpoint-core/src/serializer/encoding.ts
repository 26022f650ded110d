import { SerializationError } from "../errors.js";
import type { AllowedClasses } from "./allowed-classes.js";
import { Comparison, placesOfKeys } from "./comparison.js";
import { Draft, isReused } from "./draft.js";
import { isSameJson, type Json, type JsonObject, MAX_DEPTH, TAG } from "./format.js";
import { encodeInstance } from "./instances.js";
import { LaterSearch } from "./later-search.js";
import { setOwn } from "./own-property.js";
import { renderPath, type Segment } from "./path.js";
import { isPrototypeOfBuiltIn } from "./prototypes.js";

/**
 * The levels at which objects are compared as a whole before they are encoded. Deeper ones would be compared again at each level when something beside them
 * changed.
 */
const COMPARED_LEVELS: ReadonlySet<number> = new Set([1, 2]);

/** Items of arrays are looked for down to here, for the same reason. */
const DEEPEST_SEARCHED = 2;

/**
 * One pass over one value, which makes the JSON that represents it; see `format.ts`.
 *
 * Given the encoding of an earlier value of the same channel (`old`), the pass reuses every part that would be the same: most of a long list is unchanged, and
 * is then neither copied nor written nor garbage. It compares objects by content, not by identity, because a run may change them in place (contract C-36). Only
 * the encodings of arrays, plain objects and messages use `old`.
 *
 * The pass reads each property once, into a copy: a getter or a proxy cannot answer differently to the check and to `JSON.stringify`, and no `toJSON` of the user
 * runs. Writing the text natively from the copy is twice as fast as concatenating it here.
 */
export class Encoding {
  /** The LangChain classes that reading constructs. */
  readonly classes: AllowedClasses;
  private readonly name: string;
  /** The containers around the current value, to find cycles, and the step into each, for the path in an error. */
  private readonly ancestors: object[] = [];
  private readonly segments: Segment[] = [];
  protected level = 0;
  private entered = 0;
  private visited = 0;
  /** How many members the outermost container has, if it is an array or a plain object. */
  members = 0;
  private readonly comparison = new Comparison();

  /** @param name what the value is called in errors, e.g. its channel. */
  constructor(name: string, classes: AllowedClasses) {
    this.name = name;
    this.classes = classes;
  }

  /** How many containers the encoded value has. */
  get containers(): number {
    return this.entered + this.comparison.containers;
  }

  /** How many places of values there are in it. */
  get places(): number {
    return this.visited + this.comparison.places;
  }

  /** @throws {SerializationError} if `value` cannot be stored without loss (C-61). */
  value(value: unknown, old?: Json): Json {
    this.visited += 1;
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        // `x - x` is 0 for finite numbers only.
        return value - value === 0 && (value !== 0 || 1 / value > 0)
          ? value
          : { [TAG]: Object.is(value, -0) ? "-0" : String(value) };
      case "object":
        return value === null ? null : this.object(value, old);
      case "undefined":
        return { [TAG]: "undefined" };
      case "bigint":
        return { [TAG]: "bigint", v: value.toString() };
      case "function":
        return this.refuse(`${value.name ? `the function ${value.name}` : "a function"} is not data`);
      default:
        return this.refuse("a symbol is not data");
    }
  }

  /** The own enumerable properties of `object` under string keys. The caller marks the kind of object. */
  body(object: object, old?: Json): JsonObject {
    const level = this.enter(object);
    let body: JsonObject = {};
    const keys = Object.keys(object);
    if (level === 0) this.members = keys.length;
    this.visited += placesOfKeys(keys.length);
    if (old === undefined) for (const key of keys) this.property(level, body, key, object);
    else {
      const draft = new Draft(old);
      for (const key of keys) {
        this.segments[level] = key;
        draft.set(key, this.value((object as Record<string, unknown>)[key], draft.before(key)));
      }
      body = draft.done();
    }
    this.leave(level);
    return body;
  }

  /** Reads `object[key]` and writes its encoding to `body[key]`. */
  property(level: number, body: JsonObject, key: string, object: object): void {
    this.segments[level] = key;
    setOwn(body, key, this.value((object as Record<string, unknown>)[key]));
  }

  /**
   * Enters a container. Each `enter` needs a `leave` with its result; between them, `at` names the current member.
   *
   * @throws {SerializationError} if the container contains itself, or is nested too deep.
   */
  enter(object: object): number {
    const level = this.level;
    for (let i = 0; i < level; i++) {
      if (this.ancestors[i] === object) {
        this.refuse(`it is the same object as ${renderPath(this.name, this.segments.slice(0, i))}, which contains it`);
      }
    }
    if (level >= MAX_DEPTH) this.refuse(`it is nested more than ${MAX_DEPTH} levels deep`);
    this.ancestors[level] = object;
    this.level = level + 1;
    this.entered += 1;
    return level;
  }

  at(level: number, segment: Segment): void {
    this.segments[level] = segment;
  }

  leave(level: number): void {
    this.level = level;
  }

  /** The path of the current value. */
  path(): string {
    return renderPath(this.name, this.segments.slice(0, this.level));
  }

  /** @throws {SerializationError} always: with the current path. */
  refuse(reason: string, options?: ErrorOptions): never {
    throw new SerializationError(this.path(), reason, options);
  }

  private object(object: object, old: Json | undefined): Json {
    if (old !== undefined && COMPARED_LEVELS.has(this.level) && this.comparison.isSame(object, old)) return old;
    if (Array.isArray(object)) return this.array(object, old);
    return Object.getPrototypeOf(object) === Object.prototype ? this.plainObject(object, old) : encodeInstance(this, object, old);
  }

  plainObject(object: object, old?: Json): Json {
    const body = this.body(object, old);
    // Encoded values are never undefined, so this tests whether the key exists.
    return body[TAG] === undefined ? body : { [TAG]: "object", v: body };
  }

  private array(array: readonly unknown[], old: Json | undefined): Json {
    const prototype: object | null = Object.getPrototypeOf(array);
    if (prototype !== Array.prototype && (prototype === null || !isPrototypeOfBuiltIn(prototype, "Array"))) {
      this.refuse("an instance of a subclass of Array would be read as an Array");
    }
    const level = this.enter(array);
    const length = array.length;
    if (level === 0) this.members = length;
    const before = Array.isArray(old) ? old : [];
    // `undefined` while nothing has changed.
    let items: Json[] | undefined = Array.isArray(old) && old.length === length ? undefined : [];
    // How many old items before the current one were removed.
    let gone = 0;
    const search = new LaterSearch();
    for (let i = 0; i < length; i++) {
      this.segments[level] = i;
      const item = array[i];
      if (item === undefined && !(i in array)) {
        items ??= before.slice(0, i);
        this.sparseTail(level, items, array, i);
        break;
      }
      let json = this.value(item, before[i + gone]);
      if (i + gone < before.length && !isReused(json, before[i + gone] as Json)) {
        items ??= before.slice(0, i);
        const made = json;
        const end = level <= DEEPEST_SEARCHED ? before.length : 0;
        const found = search.find(i + gone + 1, end, (place) => isSameJson(made, before[place] as Json));
        if (found !== undefined) {
          json = before[found] as Json;
          gone = found - i;
        }
      }
      items?.push(json);
    }
    this.leave(level);
    return items ?? before;
  }

  /** The rest of an array from its first hole on, by its existing indexes: `new Array(4e9)` has none, and must not take minutes. */
  private sparseTail(level: number, items: Json[], array: readonly unknown[], from: number): void {
    let next = from;
    for (const key of Object.keys(array)) {
      const index = Number(key);
      // Integer keys come first, in order; what follows them are extra properties, which are not values of an array.
      if (String(index >>> 0) !== key || index >= array.length) break;
      if (index < from) continue;
      if (index > next) items.push({ [TAG]: "hole", n: index - next });
      this.segments[level] = index;
      items.push(this.value(array[index]));
      next = index + 1;
    }
    if (next < array.length) items.push({ [TAG]: "hole", n: array.length - next });
  }
}
