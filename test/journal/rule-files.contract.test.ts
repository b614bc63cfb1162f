import { describe, expect, it } from 'vitest';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import type { Price } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Signal } from '../../domain/signals/signals.ts';
import { rescore } from '../../trading/score/scores.ts';
import { cycleRecord } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const HOUR = 3_600_000;
const why = { by: 'me', reason: 'a test' };
const [first, second] = ['a'.repeat(64), 'b'.repeat(64)];
let requests = 0;
const added = (sha256: string, settings = {}) => {
  requests += 1;
  return { requestId: `r-${requests}`, agentId: 'mine', sha256, settings: { enabled: true, ...settings }, ...why };
};

describe.each(adapterNames)('files of rules on %s', (name) => {
  const books = new FreshBooks(name);
  const seed = () => books.journal.participation.seed(perAgent(defaultParticipation));

  it('begin as shadows, each version anew, and keep their role where nothing is new', async () => {
    await seed();
    const { guests, participation } = books.journal;
    expect((await guests.addFile(added(first))).after).toMatchObject({
      role: 'shadow',
      enabled: true,
      group: 'guests',
    });
    expect(await guests.files()).toMatchObject([{ agentId: 'mine', sha256: first }]);
    await participation.change({ requestId: 'vote', agentId: 'mine', settings: { role: 'voter' }, ...why });
    expect((await guests.addFile(added(first))).after.role).toBe('voter');
    expect((await guests.addFile(added(second))).after.role).toBe('shadow');
    expect(await guests.files()).toMatchObject([{ agentId: 'mine', sha256: second }]);
    expect((await guests.addFile(added(first, { role: 'guard' }))).after.role).toBe('guard');
    const once = added(second);
    expect(await guests.addFile(once)).toEqual(await guests.addFile(once));
  });

  it('end like guests, have no token, and take nobody’s name', async () => {
    await seed();
    const { guests } = books.journal;
    await guests.addFile(added(first));
    expect(await guests.byToken(first)).toBeUndefined();
    expect(await guests.byToken(`file:${first}`)).toBeUndefined();
    const change = await guests.revoke({ requestId: 'end', agentId: 'mine', ...why });
    expect(change.after.enabled).toBe(false);
    expect(await guests.files()).toEqual([]);
    await expect(guests.addFile({ ...added(first), agentId: 'deepseek' })).rejects.toMatchObject({ code: 'NameTaken' });
    await guests.invite({ requestId: 'in', agentId: 'visitor', tokenHash: 'h', settings: {}, ...why });
    await expect(guests.addFile({ ...added(first), agentId: 'visitor' })).rejects.toMatchObject({ code: 'NameTaken' });
    expect(await guests.byToken('h')).toBe('visitor');
  });

  it('have the score of their own version alone', async () => {
    await seed();
    const { journal } = books;
    const { guests, scores } = journal;
    await guests.addFile(added(first));
    const signal: Signal = {
      kind: 'signal',
      agentId: 'mine',
      symbol: 'BTC/USDT',
      probabilities: { up: 0.8, flat: 0.1, down: 0.1 },
      expectedReturn: 0.002,
      uncertainty: 0.01,
      conviction: 0.5,
      horizonMs: HOUR,
      validUntilAt: 5 * HOUR,
      rationale: '',
      evidence: [],
    };
    const snapshot = { snapshotId: 's', takenAt: HOUR, venue: 'paper', mids: { 'BTC/USDT': tagged<Price>('100') } };
    const answers = [
      {
        agentId: 'mine',
        opinions: [signal],
        model: 'm',
        version: 'aaaaaaaaaaaa',
        latencyMs: 1,
        tokens: 0,
        costUsd: '0',
      },
    ];
    await journal.cycles.record({ ...cycleRecord({ answers }), snapshot });
    const due = await scores.due('main', 9 * HOUR, 10);
    await scores.settle(
      'main',
      due.map((each) => ({ ...each, finalPrice: tagged<Price>('101') })),
    );
    expect(await rescore(journal, 'main', ['mine'], 4 * HOUR)).toMatchObject([{ count: 1 }]);
    await guests.addFile(added(second));
    expect(await scores.read('main')).toEqual([]);
    const since = new Map([['mine', 3 * HOUR]]);
    expect(await rescore(journal, 'main', ['mine'], 5 * HOUR, since)).toMatchObject([{ count: 0, trust: 1 }]);
  });
});
