import type { IncomingHttpHeaders } from 'node:http';
import type { Attributes } from '@opentelemetry/api';
import { correlated } from './correlation.ts';
import { askingSpan, type Fault, SpanKind, tellSpan } from './tracing.ts';

export interface Served {
  headers: IncomingHttpHeaders;
  correlationId: string | undefined;
  name: string;
  /** How long the answer took; it has just been given. */
  ms: number;
  /** Of ours: what a caller did wrong is none. */
  fault?: Fault | undefined;
  /** Whether it is worth a trace of its own where no span asked. */
  begins: boolean;
  attributes: Attributes;
}

/** Makes a span of an answer that a server of ours gave: in the trace of whoever asked, or in that of the id. */
export function tellServed({ headers, correlationId, name, ms, fault, begins, attributes }: Served): void {
  const parent = askingSpan(headers);
  if (!parent && !begins) return;
  const endedAt = Date.now();
  const tell = (): void =>
    tellSpan(name, {
      kind: SpanKind.SERVER,
      startedAt: endedAt - ms,
      endedAt,
      fault,
      attributes,
      place: { parent, trace: correlationId },
    });
  if (correlationId === undefined) tell();
  else correlated(correlationId, tell);
}
