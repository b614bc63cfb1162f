import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { TRACEPARENT } from '../../contracts/correlation.ts';
import { SpanKind, traced, traceparent } from './tracing.ts';

/** What is started for something that is told of says what for. */
export const tellingCause: WorkflowClientInterceptor = {
  startWithDetails: (input, next) =>
    starting(input.workflowType, () => next({ ...input, headers: withCause(input.headers) })),
  signalWithStart: (input, next) =>
    starting(input.workflowType, () => next({ ...input, headers: withCause(input.headers) })),
};

function starting<T>(workflowType: string, start: () => Promise<T>): Promise<T> {
  return traced(`start ${workflowType}`, { kind: SpanKind.PRODUCER }, start);
}

function withCause(headers: Headers): Headers {
  const cause = traceparent();
  return cause === undefined ? headers : { ...headers, [TRACEPARENT]: defaultPayloadConverter.toPayload(cause) };
}
