import {
  ActivityFailure,
  ApplicationFailure,
  type ConverterHint,
  defaultPayloadConverter,
  type Payload,
  type PayloadConverter,
  RetryState,
  type SerializationContext,
  type TemporalFailure,
} from '@temporalio/common';
import { ErrorName } from '../contracts/errors.ts';
import { plainText } from '../contracts/text.ts';
import type { Unreadable } from '../contracts/unreadable.ts';

const ENCODING_BYTES = 60;

/**
 * As an argument it is a value that one can look at and refuse. As a result it is a failure: a promise that is resolved with it rejects, so that
 * neither a workflow nor a client goes on with an answer that it never got. It costs no step of the event loop, which a replay would notice.
 */
class UnreadableValue implements Unreadable {
  readonly unreadable: string;
  readonly #context: SerializationContext | undefined;

  constructor(encoding: string, context: SerializationContext | undefined) {
    this.unreadable = encoding;
    this.#context = context;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- to reject whoever awaits it
  get then(): never {
    throw failureOf(this.unreadable, this.#context);
  }
}

/** Of an activity it is one of those that its workflow is ready for: the activity may have done its work. */
function failureOf(encoding: string, context: SerializationContext | undefined): TemporalFailure {
  const cause = ApplicationFailure.nonRetryable(
    `a value of the encoding ${encoding} cannot be read: its sender has another data converter or key; give every process the same`,
    ErrorName.unreadable,
  );
  if (context?.type !== 'activity') return cause;
  const { activityId } = context;
  return new ActivityFailure(
    'the result cannot be read',
    'unknown',
    activityId,
    RetryState.NON_RETRYABLE_FAILURE,
    undefined,
    cause,
  );
}

/** Never throws: it speaks of what is broken already. An empty value arrives in a workflow as an empty array. */
function encodingOf({ metadata }: Payload): string {
  try {
    const bytes = Array.from(metadata?.['encoding'] ?? []).slice(0, ENCODING_BYTES);
    return plainText(String.fromCharCode(...bytes), ENCODING_BYTES) || 'none';
  } catch {
    return 'none';
  }
}

/**
 * Temporal's own, but for what cannot be decoded: there it would throw, which within a workflow fails the task for ever and leaves every later
 * message unheard (temporalio/sdk-typescript#1174). Loaded by path into every worker, client and workflow.
 */
export const payloadConverter: PayloadConverter = {
  toPayload(value, context, hint) {
    return defaultPayloadConverter.toPayload(value, context, hint);
  },
  fromPayload<T>(payload: Payload, context?: SerializationContext, hint?: ConverterHint<T>): T {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload, context, hint);
    } catch {
      return new UnreadableValue(encodingOf(payload), context) as T;
    }
  },
};
