import type { Attributes } from '@opentelemetry/api';
import type { InjectedSinks } from '@temporalio/worker';
import type { Sinks, WorkflowInfo } from '@temporalio/workflow';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { isLongLived } from './carried.ts';
import { correlated } from './correlation.ts';
import { type Fault, runSpan, runSpanId, SpanKind, spanNamed, tellSpan } from './tracing.ts';

const { symbols, outcome } = searchAttributes;

/** How a run of a workflow ended, as its interceptor tells it from within. */
export interface RunEnd {
  correlationId: string;
  /** Name of its trace. */
  trace: string;
  /** Name of the trace of the workflow which started it, or of the run before it. */
  given: string | undefined;
  /** The span of the client which started it, in the words of W3C's Trace Context. */
  cause: string | undefined;
  /** By the workflow's clock, UTC epoch milliseconds. */
  endedAt: number;
  fault?: Fault;
}

export interface RunSinks extends Sinks {
  runs: { ended(end: RunEnd): void };
}

/** Makes one span of each run that ends, under the id that its steps and children have named as their parent meanwhile. */
export const runSinks: InjectedSinks<RunSinks> = {
  runs: {
    ended: { fn: (info, end) => correlated(end.correlationId, () => tellRun(info, end)), callDuringReplay: false },
  },
};

function tellRun(info: WorkflowInfo, { trace, given, cause, endedAt, fault }: RunEnd): void {
  const { workflowType, workflowId, runId, taskQueue, parent, continuedFromExecutionRunId: before, attempt } = info;
  const own = runSpan(trace, runId);
  const starter = parent && runSpan(given ?? parent.runId, parent.runId);
  const known = [starter, spanNamed(cause), before === undefined ? undefined : runSpan(given ?? before, before)];
  // A run that goes on is no part of the one before, and nothing short is part of what lives for hours.
  const within = isLongLived(workflowType) ? undefined : known.find((span) => span?.traceId === own.traceId);
  tellSpan(workflowType, {
    kind: SpanKind.CONSUMER,
    startedAt: info.startTime.getTime(),
    // Its own clock stands still while it works: what it did at its very end would end after it.
    endedAt: Math.max(endedAt, Date.now()),
    fault,
    place: { parent: within, trace, spanId: runSpanId(runId), links: known.filter((span) => span !== within) },
    attributes: {
      ...queueAttributes(taskQueue),
      temporalWorkflowID: workflowId,
      temporalRunID: runId,
      'sapphire.attempt': attempt,
      ...foundBy(info),
    },
  });
}

/** OpenTelemetry's words for what was taken from a queue. */
export function queueAttributes(taskQueue: string): Record<string, string> {
  return {
    'messaging.system': 'temporal',
    'messaging.destination.name': taskQueue,
    'messaging.operation.type': 'process',
  };
}

/** What the server finds it by, as far as it says something of how it came about and ended. */
function foundBy({ searchAttributes: found }: WorkflowInfo): Attributes {
  const { TemporalScheduledById: schedule, [symbols.name]: about, [outcome.name]: ended } = found;
  return {
    ...(schedule ? { 'sapphire.schedule': String(schedule[0]) } : {}),
    ...(about ? { 'sapphire.symbols': about.map(String) } : {}),
    ...(ended ? { 'sapphire.outcome': String(ended[0]) } : {}),
  };
}
