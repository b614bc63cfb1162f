import { ActivityFailure, DefaultFailureConverter, defaultPayloadConverter, TimeoutFailure } from '@temporalio/common';

const converter = new DefaultFailureConverter();

/**
 * What went wrong in the end: failures of activities and children name it in their causes. That the time was up says nothing of why: it is the answer only
 * where no attempt has failed by anything else.
 */
export function rootOf(error: unknown): Error {
  let root = error instanceof Error ? error : new Error(String(error));
  let lastReal = isWrapping(root) ? undefined : root;
  let isLate = root instanceof TimeoutFailure;
  for (let cause = causeOf(root); cause !== undefined; cause = causeOf(root)) {
    root = cause;
    isLate ||= root instanceof TimeoutFailure;
    if (!isWrapping(root)) lastReal = root;
  }
  if (!isLate) return root;
  return lastReal ?? new Error('it was not done within its time');
}

const isWrapping = (error: Error): boolean => error instanceof TimeoutFailure || error instanceof ActivityFailure;

/** The SDK drops the cause of a timeout, which is the last attempt's failure, from the error, but leaves it in what came over the wire. */
function causeOf(error: Error): Error | undefined {
  if (error.cause instanceof Error) return error.cause;
  const cause = error instanceof TimeoutFailure ? error.failure?.cause : undefined;
  if (!cause) return undefined;
  try {
    return converter.failureToError(cause, defaultPayloadConverter);
  } catch {
    return undefined;
  }
}
