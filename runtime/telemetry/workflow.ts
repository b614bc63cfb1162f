import { defaultPayloadConverter, type Headers, type Payload } from '@temporalio/common';
import { type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';
import { CORRELATION_HEADER, carriedId } from '../../contracts/correlation.ts';
import { idIn } from './carried.ts';

/**
 * Carries what a workflow works for to whatever is done for it: the id that its input names, as an order names its cycle's, else that of the
 * workflow which started it, else its own.
 */
export function interceptors(): WorkflowInterceptors {
  let id: Payload | undefined;
  const carry = (headers: Headers): Headers => (id ? { ...headers, [CORRELATION_HEADER]: id } : headers);

  return {
    inbound: [
      {
        execute(input, next) {
          id = defaultPayloadConverter.toPayload(
            carriedId(input.args) ?? idIn(input.headers) ?? workflowInfo().workflowId,
          );
          return next(input);
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
