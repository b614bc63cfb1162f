import { CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { z } from 'zod';
import { areElsewhere } from '../../contracts/books.ts';
import { carriedId, TRACE_HEADER } from '../../contracts/correlation.ts';
import { idIn } from './carried.ts';
import { correlated } from './correlation.ts';
import { metrics } from './metrics.ts';
import { queueAttributes } from './run-span.ts';
import { annotate, type Place, runSpan, SpanKind, traced } from './tracing.ts';

/** Each attempt runs under the id that its workflow carries, in the trace of that, and is counted, but for one that only says where to ask. */
export function observed(count: (failed: boolean) => void): ActivityInterceptorsFactory {
  return ({ info }) => {
    const { activityType: activity, attempt, workflowExecution, isLocal, taskQueue } = info;
    const tell = (result: 'ok' | 'failed' | 'cancelled'): void => {
      metrics.activities.inc({ activity, result });
      count(result === 'failed');
    };
    return {
      inbound: {
        execute({ headers, args }, next) {
          // An attempt that was scheduled by an earlier release carries none.
          const id = idIn(headers) ?? carriedId(args) ?? workflowExecution?.workflowId ?? activity;
          const told = {
            kind: isLocal ? SpanKind.INTERNAL : SpanKind.CONSUMER,
            place: placeOf(idIn(headers, TRACE_HEADER), workflowExecution?.runId),
            isFault: (error: unknown) => !areElsewhere(error) && !(error instanceof CancelledFailure),
            attributes: {
              'sapphire.attempt': attempt,
              'sapphire.queued_ms': Math.max(0, Date.now() - info.currentAttemptScheduledTimestampMs),
              ...(workflowExecution ? { temporalWorkflowID: workflowExecution.workflowId } : {}),
              ...(isLocal ? {} : queueAttributes(taskQueue)),
            },
          };
          return correlated(id, async () => {
            try {
              const result = await traced(nameOf(activity, args), told, () => {
                annotate(() => subjectOf(activity, args));
                return next({ headers, args });
              });
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

/** A step of what lives too long for one trace begins a new one, and says where it comes from. */
function placeOf(trace: string | undefined, runId: string | undefined): Place {
  if (runId === undefined) return {};
  return trace === undefined ? { links: [runSpan(runId, runId)] } : { parent: runSpan(trace, runId) };
}

/** Agents are asked by one activity: whose answer is late has to be seen in the picture. */
function nameOf(activity: string, [first]: readonly unknown[]): string {
  return activity === 'askAgent' && typeof first === 'string' ? `${activity} ${first}` : activity;
}

const symbolSchema = z.object({ symbol: z.string() }).transform(({ symbol }) => symbol);
const instrumentSchema = z.object({ instrument: symbolSchema }).transform(({ instrument }) => instrument);
const listSchema = z.array(z.union([z.string(), symbolSchema, instrumentSchema]));
const symbolsSchema = z.object({ symbols: listSchema }).transform(({ symbols }) => symbols);
/** One that goes by its hash names its symbols by their prices. */
const topsSchema = z.object({ tops: listSchema }).transform(({ tops }) => tops);
const snapshotSchema = z.object({ snapshot: z.union([symbolsSchema, topsSchema]) });
const subjectSchema = z.union([
  symbolSchema.transform((symbol) => [symbol]),
  symbolsSchema,
  snapshotSchema.transform(({ snapshot }) => snapshot),
]);

/** What it is about, as far as its arguments name it. */
function subjectOf(activity: string, args: readonly unknown[]): Record<string, string | string[]> {
  const symbols = args.flatMap((argument) => subjectSchema.safeParse(argument).data ?? []);
  return {
    ...(symbols.length > 0 ? { 'sapphire.symbols': [...new Set(symbols)] } : {}),
    ...(activity === 'askAgent' && typeof args[0] === 'string' ? { 'sapphire.agent': args[0] } : {}),
  };
}
