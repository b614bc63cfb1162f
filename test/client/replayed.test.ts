import { expect, it } from 'vitest';
import { replayConsensus } from '../../client/cli/commands/replay.ts';
import { describeTrail } from '../../client/views/cycle-trail.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { formConsensus } from '../../domain/consensus/consensus.ts';
import type { Signal } from '../../domain/signals/signals.ts';
import { changed, give, HORIZON_MS, policy, question, TAKEN_AT } from '../domain/consensus/answers.ts';
import { cycleRecord } from '../support/books.ts';

const calibration = { slope: 0.5, slopeError: 0.1, prior: 0, limit: 2 };
const terms = changed(policy(), 'deepseek', { calibration });
const said: Partial<Signal> = { expectedReturn: 0.004, uncertainty: 0.01, conviction: 0.5 };

/** Of a book's view over five minutes, before one over the hour that was asked for. */
function recorded(version: 1 | 2): CycleRecord {
  const answers = [
    give('hummingbot', { ...said, horizonMs: version === 1 ? HORIZON_MS : 300_000 }),
    give('deepseek', said),
  ];
  const consensus = { ...formConsensus(question(answers), terms, version), policy: terms, formedAt: TAKEN_AT };
  const { horizonMs, ...earlier } = consensus;
  return cycleRecord({
    cycleId: 'cycle-1',
    snapshot: { snapshotId: 's', takenAt: TAKEN_AT, venue: 'paper', mids: {} },
    answers,
    consensus: (version === 1 ? earlier : { ...earlier, horizonMs }) as never,
  });
}

it.each([1, 2] as const)('a decision by version %i of the rule is formed again as it was', (version) => {
  const record = recorded(version);
  const replayed = replayConsensus(record, policy());
  expect(replayed.method).toBe(`linear-pool/${version}`);
  expect(replayed.symbols).toEqual(record.consensus?.symbols);
  // At its word before, and half of it for one of the two now.
  expect(replayed.symbols[0]?.expectedReturn).toBeCloseTo(version === 1 ? 0.004 : 0.003, 12);
  expect(replayConsensus(record, policy(), { pool: 'log' }).method).toBe(`log-pool/${version}`);
});

it('is shown with what is known of its return, and with what a signal said before it was put right', () => {
  const record = recorded(2);
  const [answer] = record.answers;
  const [opinion] = answer?.opinions ?? [];
  if (opinion?.kind !== 'signal') throw new Error('no signal');
  opinion.rebuilt = { by: 'probabilities', expectedReturn: 0.03, uncertainty: 0 };
  const trail = describeTrail(record).join('\n');
  expect(trail).toContain('+0.40 % ± 1.00 %');
  expect(trail).toContain('put right by its own probabilities (it said +3.00 % ± 0.00 %)');
  expect(trail).toContain('+0.30 % (known to ± 0.02 %)');
});
