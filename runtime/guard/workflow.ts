import { defaultPayloadConverter, type Headers, type Payload } from '@temporalio/common';
import { log, patched, proxyLocalActivities, type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';
import { guardedSignals, PASS_HEADER, UPDATE_PASS_HEADER, updateActivities } from '../../contracts/pass.ts';
import type { Guard } from './guard.ts';

/** Answered by the process itself. Where it is not, a signal is heard: it only halts. */
const { admit } = proxyLocalActivities<Pick<Guard, 'admit'>>({
  startToCloseTimeout: '2s',
  scheduleToCloseTimeout: '2s',
  retry: { maximumAttempts: 1 },
});

function valueOf(header: Payload | undefined): unknown {
  try {
    return header ? defaultPayloadConverter.fromPayload(header) : null;
  } catch {
    return null;
  }
}

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
            const minted = await admit({ kind: 'start', name, workflowId, runId }).catch(() => null);
            if (minted) pass = defaultPayloadConverter.toPayload(minted);
          }
          return next(input);
        },
        async handleSignal(input, next) {
          const { signalName: name, headers } = input;
          if (!guardedSignals.includes(name) || !patched('passes')) return next(input);
          const { workflowId } = workflowInfo();
          const admitted = await admit({ kind: 'signal', name, workflowId, pass: valueOf(headers[PASS_HEADER]) }).catch(
            () => 'unasked' as const,
          );
          if (admitted) return next(input);
          log.warn('a signal that nobody of this installation has sent is left unheard', { name });
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
