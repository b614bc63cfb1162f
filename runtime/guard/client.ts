import type { ClientInterceptors } from '@temporalio/client';
import { PASS_HEADER, type PassKind } from '../../contracts/pass.ts';
import { headerOf, type Passes } from './passes.ts';

/** Every start, signal, update and schedule of a client of ours bears a pass, whether or not anybody asks for it. */
export function passingClient(passes: Passes): ClientInterceptors {
  const headers = (kind: PassKind, name: string, workflowId: string, args?: readonly unknown[]) => ({
    [PASS_HEADER]: headerOf(passes.mint(kind, name, workflowId, args)),
  });
  return {
    workflow: [
      {
        startWithDetails: (input, next) =>
          next({
            ...input,
            headers: { ...input.headers, ...headers('start', input.workflowType, input.options.workflowId) },
          }),
        signal: (input, next) =>
          next({
            ...input,
            headers: { ...input.headers, ...headers('signal', input.signalName, input.workflowExecution.workflowId) },
          }),
        // One header for both: the start's, since the signals that are sent so are anybody's.
        signalWithStart: (input, next) =>
          next({
            ...input,
            headers: { ...input.headers, ...headers('start', input.workflowType, input.options.workflowId) },
          }),
        startUpdate: (input, next) =>
          next({
            ...input,
            headers: {
              ...input.headers,
              ...headers('update', input.updateName, input.workflowExecution.workflowId, input.args),
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
            headers: { ...input.headers, ...headers('schedule', action.workflowType, workflowId) },
          });
        },
      },
    ],
  };
}
