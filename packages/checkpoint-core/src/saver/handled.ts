/**
 * The same promise, which nobody has to look at, nor at what `then` makes of it; whoever looks finds it rejected all the same.
 *
 * LangGraph 1.4 keeps what `then` makes of the promise of `putWrites` until the superstep is over. A write that is refused while another task of the
 * superstep is still running would be an unhandled rejection until then, which ends a Node process.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  const derive = promise.then.bind(promise) as Promise<T>["then"];
  // biome-ignore lint/suspicious/noThenProperty: what `then` makes is the point.
  promise.then = ((onFulfilled, onRejected) => {
    const derived = derive(onFulfilled, onRejected);
    derived.catch(ignore);
    return derived;
  }) as Promise<T>["then"];
  return promise;
}

function ignore(): void {}
