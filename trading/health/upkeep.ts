import { type Observation, observed } from '../../domain/health/health.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import type { Journal } from '../../stores/journal/port.ts';

const BACKUP_AGE_MS = 26 * 3_600_000;
/** So long after a start a backup that was due before it may take to begin and to end. */
const MADE_UP_MS = 15 * 60_000;
const EXPORT_LAG_MS = 180_000;
const START_MS = 30_000;
/** One look is due every ten seconds: in so long one did not come to its end, and not merely late. */
export const BLIND_MS = 18_000;

/** Whether this process began so short a while ago that others may still be starting. */
export function isStarting(startedAt: number, at: number): boolean {
  return at <= startedAt + START_MS;
}

/** All processes start together: one that was not seen yet is not missed at once. */
export function createPatience(startedAt: number): (seen: Observation[]) => Observation[] {
  const served = new Set<string>();
  return (seen) =>
    seen.filter(({ component, code }) => {
      if (code !== 'process.silent') served.add(component);
      return served.has(component) || !isStarting(startedAt, Date.now());
    });
}

/**
 * Whatever kept this look from coming, such as a journal that was locked, or a worker that was killed, was not well meanwhile: none of the other
 * probes can tell. Whoever ends as it should takes its last look out of the books.
 */
export async function sightObservation(journal: Pick<Journal, 'incidents'>, at: number): Promise<Observation[]> {
  const lastAt = (await journal.incidents.lookedAt('health')) ?? at;
  const isBlind = at - lastAt >= BLIND_MS;
  const detail = `no look came to its end for ${Math.round((at - lastAt) / 1_000)} s, one is due every ten: the journal, Temporal or this worker stood still`;
  return [observed('health', isBlind && { code: 'health.blind', detail })];
}

/**
 * @param exportLagMs age of the oldest event that is not in the warehouse yet
 * @param startedAt when this process began, UTC epoch milliseconds: nobody was to export before that
 */
export async function outboxObservation(
  exportLagMs: () => Promise<number>,
  exportSeconds: number,
  startedAt: number,
): Promise<Observation[]> {
  const lagMs = await exportLagMs().catch((error: unknown) => String(error));
  const lagging = (detail: string) => [observed('outbox', { code: 'outbox.lagging', detail })];
  if (typeof lagMs === 'string') return lagging(`the warehouse cannot be read: ${lagMs}`.slice(0, 300));
  const lateMs = Math.min(lagMs, Date.now() - startedAt);
  if (lateMs <= Math.max(EXPORT_LAG_MS, 3 * exportSeconds * 1_000)) return [observed('outbox')];
  return lagging(`the oldest event that is not in the warehouse is ${Math.round(lagMs / 1_000)} s old`);
}

/**
 * @param madeAt when the newest was made, and when the first could have been; UTC epoch milliseconds
 * @param startedAt when this process began: one that was due while nobody ran is made up for first
 */
export function backupObservation(scheduleId: string, madeAt: number, startedAt: number): Observation[] {
  metrics.backupAt.set(madeAt / 1_000);
  const ageMs = Date.now() - madeAt;
  const isOld = ageMs > BACKUP_AGE_MS && Date.now() - startedAt > MADE_UP_MS;
  const detail = `the newest backup is ${Math.round(ageMs / 3_600_000)} hours old`;
  return [observed(`schedule/${scheduleId}`, isOld && { code: 'backup.old', detail })];
}
