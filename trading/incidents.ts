import type { Assessment, Look } from '../domain/health/health.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import { metrics } from '../runtime/telemetry/metrics.ts';
import type { Journal } from '../stores/journal/port.ts';

/** Writes one look into the book of incidents, and tells what began, escalated or ended with it; what is due is the caller's to do. */
export async function tellLook(
  { journal, logger }: { journal: Pick<Journal, 'incidents'>; logger: Pick<Logger, 'info' | 'warn' | 'error'> },
  look: Omit<Look, 'previousAt'>,
): Promise<Assessment['due']> {
  const { changed, due } = await journal.incidents.look(look);
  for (const { incident, told } of changed) {
    if (told === 'seen') continue;
    const { incidentId, component, code, detail, recoveredBy } = incident;
    if (told === 'opened') metrics.incidents.inc({ component: component.split('/')[0] ?? component });
    const level = told === 'escalated' ? 'error' : told === 'recovered' ? 'info' : 'warn';
    logger[level]({ incidentId, component, code, detail, recoveredBy }, `incident ${told}`);
  }
  return due;
}
