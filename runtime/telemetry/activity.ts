import { CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { areElsewhere } from '../../contracts/books.ts';
import { carriedId } from '../../contracts/correlation.ts';
import { idIn } from './carried.ts';
import { correlated } from './correlation.ts';
import { metrics } from './metrics.ts';
import { traced } from './tracing.ts';

/** Each attempt runs under the id that its workflow carries, in the trace of that, and is counted, but for one that only says where to ask. */
export function observed(count: (failed: boolean) => void): ActivityInterceptorsFactory {
  return ({ info: { activityType: activity, attempt, workflowExecution } }) => {
    const tell = (result: 'ok' | 'failed' | 'cancelled'): void => {
      metrics.activities.inc({ activity, result });
      count(result === 'failed');
    };
    return {
      inbound: {
        execute({ headers, args }, next) {
          // An attempt that was scheduled by an earlier release carries none.
          const id = idIn(headers) ?? carriedId(args) ?? workflowExecution?.workflowId ?? activity;
          return correlated(id, async () => {
            try {
              const result = await traced(activity, { 'sapphire.attempt': attempt }, () => next({ headers, args }));
              tell('ok');
              return result;
            } catch (error) {
              // That the books are elsewhere is where to ask: a worker without them says it in each cycle, and is well.
              if (!areElsewhere(error)) tell(error instanceof CancelledFailure ? 'cancelled' : 'failed');
              throw error;
            }
          });
        },
      },
    };
  };
}
