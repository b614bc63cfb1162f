import { types } from 'node:util';
import { plainText } from '../../contracts/text.ts';

/** Of a chain of causes: longer ones are circles, or say nothing new. */
const MOST_CAUSES = 8;
const MOST_BYTES = 400;

/** What a log line says of an error. */
export interface LoggedError {
  /** Name of its class, e.g. `TypeError`. */
  type: string;
  message: string;
  stack?: string;
  /** What else its class tells in a word: code, status, whether it may be tried again. */
  [detail: string]: unknown;
  cause?: unknown;
  /** Of an AggregateError. */
  errors?: unknown[];
}

/** Any value of a log line: an error, which as JSON would be `{}`, with its type, its words, its stack and what caused it; others as they are. */
export function loggable(value: unknown): unknown {
  try {
    return told(value, MOST_CAUSES);
  } catch {
    // One whose own fields throw: what is logged must not fail by it.
    return plainText(value, MOST_BYTES);
  }
}

function told(value: unknown, causes: number): unknown {
  return isError(value) ? toldError(value, causes) : value;
}

/** Also one of another realm, as those of workflows are. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function toldError(error: Error, causes: number): LoggedError {
  const { message, stack, cause } = error;
  const errors: unknown = 'errors' in error ? error.errors : undefined;
  return {
    ...details(error),
    type: typeOf(error),
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined || causes === 0 ? {} : { cause: told(cause, causes - 1) }),
    ...(Array.isArray(errors) && causes > 0
      ? { errors: errors.slice(0, MOST_CAUSES).map((each) => told(each, Math.min(causes - 1, 1))) }
      : {}),
  };
}

/** Its name where the class was lost on the way, e.g. between two threads. */
function typeOf(error: Error): string {
  const name = typeof error.name === 'string' ? error.name : '';
  const made = error.constructor?.name ?? '';
  return (made === '' || made === 'Error' ? name : made) || 'Error';
}

/** Requests, answers and protobufs that hang on errors would fill the log; words and numbers do not. Temporal's `type` is a kind of failure of ours. */
function details(error: Error): Record<string, unknown> {
  const { name: _name, type: failureType, ...own } = error as unknown as Record<string, unknown>;
  const words = Object.entries({ ...own, failureType }).filter(([, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value),
  );
  return Object.fromEntries(words);
}
