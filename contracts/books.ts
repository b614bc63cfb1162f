import { ErrorName } from './errors.ts';

/** That the worker which was asked has no books, and has done nothing: of an activity's failure. */
export function areElsewhere(error: unknown): boolean {
  // A local activity's is thrown as it is, any other's as the cause of another.
  const { type, cause } = Object(error) as { type?: unknown; cause?: unknown };
  return [type, (Object(cause) as { type?: unknown }).type].includes(ErrorName.booksElsewhere);
}

/** For an activity's `catch`: asks on the queue `books` where the worker that was asked has none; any other failure stays as it is. */
export function orOnBooksQueue<T>(onQueue: () => Promise<T>): (error: unknown) => Promise<T> {
  return async (error) => {
    if (!areElsewhere(error)) throw error;
    return onQueue();
  };
}
