import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { newDraft } from '../../contracts/cycle-draft.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { metrics, registry } from '../../runtime/telemetry/metrics.ts';
import { recordOfCycle } from '../../trading/decide/record.ts';

const TAKEN_AT = 1_800_000_000_000;
const draft = newDraft({ account: 'main', mode: 'paper', epoch: 1 }, tagged('cycle/main/1'), 'run', TAKEN_AT);

/** What a record tells: of legs that ended so, with their last fill so many milliseconds after the snapshot. */
async function told(record: Partial<CycleRecord>, legs: [state: string, filledAfterMs?: number][] = []): Promise<void> {
  const symbols = legs.map((_, place) => `C${place}/USDT`);
  const orders = legs.map(([state], place) => ({ symbol: symbols[place], side: 'buy', state }));
  const fills = legs.flatMap(([, afterMs], place) =>
    afterMs === undefined ? [] : [{ symbol: symbols[place], side: 'buy', filledAt: TAKEN_AT + afterMs }],
  );
  const finished = { ...draft, finishedAt: TAKEN_AT, snapshot: { takenAt: TAKEN_AT }, orders, ...record };
  const journal = { ledger: { fillsOfCycle: async () => fills }, cycles: { record: async () => {} } };
  const tools = { journal, configuration: { currency: 'USDT' }, logger: pino({ enabled: false }) };
  await recordOfCycle(tools as never, finished as never, undefined);
}

const valueOf = async (metric: { get(): Promise<{ values: { value: number; labels: object }[] }> }, labels = {}) =>
  (await metric.get()).values.find((each) => JSON.stringify(each.labels) === JSON.stringify(labels))?.value;

describe('what the record of a cycle tells', () => {
  beforeEach(() => registry.resetMetrics());

  it('is each leg, in time only where all of it was filled within 30 s of the snapshot', async () => {
    await told({}, [
      ['filled', 30_000],
      ['filled', 30_001],
      ['canceled', 1_000],
      ['expired'],
      ['rejected'],
      ['denied'],
    ]);
    expect(await valueOf(metrics.executions, { in_time: 'yes' })).toBe(1);
    expect(await valueOf(metrics.executions, { in_time: 'no' })).toBe(4);
  });

  it('is when somebody was last heard, and how many cycles were missed', async () => {
    await told({});
    expect(await valueOf(metrics.cycleHeardAt)).toBe(TAKEN_AT / 1_000);
    const opinions = [{ kind: 'abstention', reason: 'no_worker' }];
    const answers = [{ agentId: 'qwen', opinions }] as unknown as CycleRecord['answers'];
    await told({ answers, missed: true, finishedAt: TAKEN_AT + 30_000 });
    expect(await valueOf(metrics.cycleHeardAt)).toBe(TAKEN_AT / 1_000);
    expect(await valueOf(metrics.cycleFinishedAt)).toBe(TAKEN_AT / 1_000 + 30);
    expect(await valueOf(metrics.cyclesMissed)).toBe(1);
  });
});
