import type { ClientInterceptors } from '@temporalio/client';
import { PASS_HEADER, type Pass } from '../../contracts/pass.ts';
import { digestOf, headerOf, type Passes } from './passes.ts';

/**
 * Every start, update and schedule of a client of ours bears a pass, whether or not anybody asks for it. A signal bears none: it only wakes, and
 * what is done then is read from the books.
 */
export function passingClient(passes: Passes): ClientInterceptors {
  const headers = (pass: Omit<Pass, 'mac'>) => ({ [PASS_HEADER]: headerOf(passes.mint(pass)) });
  const started = (name: string, { workflowId, taskQueue }: { workflowId: string; taskQueue: string }) =>
    headers({ kind: 'start', name, workflowId, taskQueue, at: Date.now() });
  return {
    workflow: [
      {
        startWithDetails: (input, next) =>
          next({
            ...input,
            headers: { ...input.headers, ...started(input.workflowType, input.options) },
          }),
        signalWithStart: (input, next) =>
          next({
            ...input,
            headers: { ...input.headers, ...started(input.workflowType, input.options) },
          }),
        startUpdate: (input, next) =>
          next({
            ...input,
            headers: {
              ...input.headers,
              ...headers({
                kind: 'update',
                name: input.updateName,
                workflowId: input.workflowExecution.workflowId,
                digest: digestOf(input.args),
              }),
            },
          }),
      },
    ],
    schedule: [
      {
        create: (input, next) => {
          const { action, scheduleId } = input.options;
          const workflowId = action.workflowId ?? scheduleId;
          return next({
            ...input,
            headers: {
              ...input.headers,
              ...headers({
                kind: 'schedule',
                name: action.workflowType,
                workflowId,
                taskQueue: action.taskQueue,
              }),
            },
          });
        },
      },
    ],
  };
}
