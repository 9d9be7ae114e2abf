import { AppError } from '../../domain/errors.ts';

interface Holder {
  readonly end: () => void;
  readonly done: Promise<unknown>;
}

/**
 * One request at a time works on an upload. A later one ends the one before it: a client resumes after it has given up its
 * connection, and this process may not know yet that the connection is dead.
 */
export function createTurns() {
  const last = new Map<string, Holder>();

  /** `place`: where the upload lies, so only its own tenant can take it over. `signal` is aborted when another request wants the turn, with the error for this one. */
  return async <Result>(place: string, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> => {
    const control = new AbortController();
    const before = last.get(place);
    before?.end();
    const result = (async () => {
      await before?.done;
      return work(control.signal);
    })();
    const done = result.catch(() => undefined);
    const holder = { end: () => control.abort(new AppError('upload_taken_over')), done };
    last.set(place, holder);
    try {
      return await result;
    } finally {
      if (last.get(place) === holder) last.delete(place);
    }
  };
}

/** The items of `body` until the signal is aborted. Then it throws the signal's reason, also while the next item does not come. */
export async function* untilAborted<Item>(
  body: AsyncIterable<Item>,
  signal: AbortSignal,
): AsyncGenerator<Item> {
  const items = body[Symbol.asyncIterator]();
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await Promise.race([items.next(), aborted.promise]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
