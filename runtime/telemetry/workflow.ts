import { ApplicationFailure, defaultPayloadConverter, type Headers, type Payload } from '@temporalio/common';
import {
  ContinueAsNew,
  isCancellation,
  proxySinks,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow';
import { CORRELATION_HEADER, carriedId, TRACE_HEADER, TRACEPARENT } from '../../contracts/correlation.ts';
import { idIn, isLongLived } from './carried.ts';
import type { RunEnd, RunSinks } from './run-span.ts';

const { runs } = proxySinks<RunSinks>();

/**
 * Carries what a workflow works for to whatever is done for it: the id that its input names, as an order names its cycle's, else that of the
 * workflow which started it, else its own. And the name of the trace, which is that id, too, but for what would make a trace without end.
 */
export function interceptors(): WorkflowInterceptors {
  let id: Payload | undefined;
  let trace: Payload | undefined;
  let isLong = false;
  const carry = (headers: Headers): Headers => ({
    ...headers,
    ...(id ? { [CORRELATION_HEADER]: id } : {}),
    ...(trace && !isLong ? { [TRACE_HEADER]: trace } : {}),
  });

  return {
    inbound: [
      {
        async execute(input, next) {
          const info = workflowInfo();
          const correlationId = carriedId(input.args) ?? idIn(input.headers) ?? info.workflowId;
          const given = idIn(input.headers, TRACE_HEADER);
          isLong = isLongLived(info.workflowType);
          const name = traceName();
          id = defaultPayloadConverter.toPayload(correlationId);
          trace = defaultPayloadConverter.toPayload(name);
          const end: RunEnd = {
            correlationId,
            trace: name,
            given,
            cause: idIn(input.headers, TRACEPARENT),
            endedAt: 0,
          };
          try {
            const result = await next(input);
            tell(end);
            return result;
          } catch (error) {
            tell(error instanceof ContinueAsNew || isCancellation(error) ? end : { ...end, fault: faultOf(error) });
            throw error;
          }

          function traceName(): string {
            // Of what goes on in a new run, each run is told of by itself.
            if (isLong || info.continuedFromExecutionRunId !== undefined) return info.runId;
            // Whoever started it without a trace's name lives too long to have one.
            return carriedId(input.args) ?? given ?? (info.parent ? info.workflowId : correlationId);
          }
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next({ ...input, headers: carry(input.headers) }),
        scheduleLocalActivity: (input, next) => next({ ...input, headers: carry(input.headers) }),
        startChildWorkflowExecution: (input, next) => next({ ...input, headers: carry(input.headers) }),
        continueAsNew: (input, next) => next({ ...input, headers: carry(input.headers) }),
      },
    ],
  };
}

/** Nothing of a replay: it was told of when it happened, and a replayer has nobody to tell. */
function tell(end: RunEnd): void {
  if (!workflowInfo().unsafe.isReplaying) runs.ended({ ...end, endedAt: Date.now() });
}

function faultOf(error: unknown): NonNullable<RunEnd['fault']> {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const type = error instanceof ApplicationFailure ? error.type : undefined;
  return { type: type ?? error.name, message: error.message };
}
