import { describe, expect, it } from 'vitest';
import type { Observation } from '../../domain/health/health.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const differ: Observation = { component: 'books/main', code: 'books.differ', detail: 'BTC 0.1 apart' };
const agree: Observation = { component: 'books/main', detail: 'ok' };

describe.each(adapterNames)('the book of incidents on %s', (name) => {
  const books = new FreshBooks(name);
  const look = async (at: number, ...observations: Observation[]) => {
    books.now = at;
    return books.journal.incidents.look({ at, by: 'health', observations });
  };
  const kinds = async (): Promise<string[]> => {
    const events = await books.journal.outbox.after(0, 100);
    return events.map(({ kind }) => kind).filter((kind) => /^(incident|recovery)/.test(kind));
  };

  it('keeps an incident with what was done about it, and tells each step once', async () => {
    await look(1_000_000, agree);
    const { due } = await look(1_010_000, differ);
    expect(due).toMatchObject([{ action: 'reconcile', component: 'books/main' }]);
    const incidentId = due[0]?.incidentId ?? '';
    books.now = 1_011_000;
    const end = { incidentId, action: 'reconcile', outcome: 'done', detail: 'asked for' } as const;
    await books.journal.incidents.endRecovery(end);
    await books.journal.incidents.endRecovery({ ...end, outcome: 'failed' });
    await look(1_020_000, agree);

    const incident = await books.journal.incidents.find(incidentId);
    expect(incident).toMatchObject({
      beganAt: 1_000_000,
      detectedAt: 1_010_000,
      recoveredAt: 1_020_000,
      recoveredBy: 'reconcile',
      actions: [{ action: 'reconcile', startedAt: 1_010_000, endedAt: 1_011_000, outcome: 'done' }],
    });
    expect(await books.journal.incidents.list({ limit: 5 })).toEqual([incident]);
    expect(await books.journal.incidents.list({ since: 1_010_001, limit: 5 })).toEqual([]);
    expect(await kinds()).toEqual(['incident.opened', 'recovery.ended', 'incident.recovered']);
  });

  it('knows when each of its two watchers last looked', async () => {
    await look(1_000_000, agree);
    expect(await books.journal.incidents.lookedAt('health')).toBe(1_000_000);
    expect(await books.journal.incidents.lookedAt('supervisor')).toBeUndefined();
    await books.journal.incidents.rest('health');
    expect(await books.journal.incidents.lookedAt('health')).toBeUndefined();
  });

  it('is one book for both: what the supervisor began, a look of health ends', async () => {
    const ended: Observation = { component: 'process/a', code: 'process.ended', detail: 'SIGKILL' };
    await books.journal.incidents.look({ at: 1_000_000, by: 'supervisor', observations: [ended] });
    await look(1_005_000, { component: 'process/a', detail: 'ok' });
    const [incident] = await books.journal.incidents.list({ limit: 5 });
    expect(incident).toMatchObject({ detectedBy: 'supervisor', recoveredBy: 'restart', recoveredAt: 1_005_000 });
    expect(await kinds()).toEqual(['incident.opened', 'recovery.ended', 'incident.recovered']);
  });

  it('lets two looks at the same time find one incident', async () => {
    const other = await books.again();
    books.now = 1_000_000;
    const both = { at: 1_000_000, observations: [differ] };
    await Promise.all([
      books.journal.incidents.look({ ...both, by: 'health' }),
      other.incidents.look({ ...both, by: 'supervisor' }),
    ]);
    expect(await books.journal.incidents.list({ limit: 5 })).toHaveLength(1);
  });

  it('notes who has seen it, once', async () => {
    const { due } = await look(1_000_000, differ);
    const incidentId = due[0]?.incidentId ?? '';
    expect(await books.journal.incidents.acknowledge({ incidentId: 'none', by: 'me' })).toBeUndefined();
    await books.journal.incidents.acknowledge({ incidentId, by: 'me' });
    await books.journal.incidents.acknowledge({ incidentId, by: 'other' });
    expect((await books.journal.incidents.find(incidentId))?.acknowledged).toEqual({ at: 1_000_000, by: 'me' });
    expect((await kinds()).filter((kind) => kind === 'incident.acknowledged')).toHaveLength(1);
  });
});
