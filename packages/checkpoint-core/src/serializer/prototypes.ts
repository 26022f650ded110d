/**
 * What a prototype says about its objects, across realms: in a `vm` context (vitest and jest run tests in one) a plain object's
 * prototype is another `Object.prototype`, so `instanceof` and `===` are not enough.
 */

/** Whether `prototype` is the `Object.prototype` of some realm. */
export function isObjectPrototype(prototype: object | null): boolean {
  return prototype !== null && Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** Whether `prototype` is that of a built-in class itself, not of a subclass, whose additions would be lost. */
export function isPrototypeOfBuiltIn(prototype: object, name: string): boolean {
  return ownConstructorName(prototype) === name && isObjectPrototype(Object.getPrototypeOf(prototype));
}

/** The name of the class whose instances have this prototype, if it has a class of its own. */
export function ownConstructorName(prototype: object): string | undefined {
  const owner: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof owner === "function" ? owner.name : undefined;
}

/** What to call the class of `value` in an error. */
export function describeClass(value: object): string {
  for (let prototype = Object.getPrototypeOf(value); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const name = isObjectPrototype(prototype) ? undefined : ownConstructorName(prototype);
    if (name) return name;
  }
  // "[object Map Iterator]" and the like: built-ins whose class has no name in code.
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Its class, never its message, which may hold values: `JSON.parse` quotes what it cannot read. */
export function errorName(error: unknown): string {
  return error instanceof Error ? describeClass(error) : `a value of the type ${typeof error}`;
}
