import { defaultPayloadConverter, type Headers, type Payload } from '@temporalio/common';
import {
  patched,
  proxyActivities,
  proxyLocalActivities,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow';
import { orOnBooksQueue } from '../../contracts/books.ts';
import { PASS_HEADER, UPDATE_PASS_HEADER, updateActivities } from '../../contracts/pass.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import type { Guard } from './guard.ts';

/** Answered by the process itself. */
const asking = { startToCloseTimeout: '2s', scheduleToCloseTimeout: '2s', retry: { maximumAttempts: 1 } } as const;
const { admit } = proxyLocalActivities<Pick<Guard, 'admit'>>(asking);

/** That starts by hand are allowed stands in the books. */
const onBooksQueue = proxyActivities<Pick<Guard, 'admit'>>({ ...asking, taskQueue: TaskQueue.books });

/** Carries the pass that a workflow was started with to whatever is done for it. */
export function interceptors(): WorkflowInterceptors {
  let pass: Payload | undefined;
  const updates = new Map<string, Payload>();
  const carry = (headers: Headers): Headers => (pass ? { ...headers, [PASS_HEADER]: pass } : headers);

  return {
    inbound: [
      {
        async execute(input, next) {
          const { workflowType: name, workflowId, runId } = workflowInfo();
          pass = input.headers[PASS_HEADER];
          // A person may start one by hand, where another has allowed it for a time.
          if (!pass && name === 'tradingCycle' && patched('passes')) {
            const minted = await admit({ workflowId, runId })
              .catch(orOnBooksQueue(() => onBooksQueue.admit({ workflowId, runId })))
              .catch(() => null);
            if (minted) pass = defaultPayloadConverter.toPayload(minted);
          }
          return next(input);
        },
        async handleUpdate(input, next) {
          const sent = input.headers[PASS_HEADER];
          if (sent) updates.set(input.name, sent);
          try {
            return await next(input);
          } finally {
            if (updates.get(input.name) === sent) updates.delete(input.name);
          }
        },
      },
    ],
    outbound: [
      {
        scheduleActivity(input, next) {
          const update = updates.get(updateActivities[input.activityType] ?? '');
          const headers = carry(input.headers);
          return next({ ...input, headers: update ? { ...headers, [UPDATE_PASS_HEADER]: update } : headers });
        },
        scheduleLocalActivity: (input, next) => next({ ...input, headers: carry(input.headers) }),
        startChildWorkflowExecution: (input, next) => next({ ...input, headers: carry(input.headers) }),
        continueAsNew: (input, next) => next({ ...input, headers: carry(input.headers) }),
      },
    ],
  };
}
