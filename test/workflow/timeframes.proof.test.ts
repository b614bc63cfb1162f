import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CycleSummary } from '../../contracts/cycle.ts';
import { createBaseline } from '../../trading/agents/baseline/baseline.ts';
import { replayThenClose, startRig } from '../support/rig.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment?.teardown());

it.each([
  ['1m', 60, 2, 120],
  ['15m', 240, 2, 120],
  ['1d', 2_880, 40, 40],
] as const)(
  'a cycle decides on candles of %s',
  { timeout: 120_000 },
  async (timeframe, horizonMinutes, historyDays, candles) => {
    const market = { kind: 'synthetic', historyDays };
    const rig = await startRig(environment, {
      configuration: { cycle: { timeframe, horizonMinutes }, paperExchange: { market } },
      exchange: { market },
      ownAgents: () => ({ baseline: createBaseline() }),
    });
    try {
      const handle = await rig.start('tradingCycle', `cycle/test/timeframe-${timeframe}`, {});
      const { cycleId } = (await handle.result()) as CycleSummary;
      const record = await rig.journal.cycles.find(cycleId);
      const [opinion] = record?.answers.find(({ agentId }) => agentId === 'baseline')?.opinions ?? [];
      if (opinion?.kind !== 'signal') throw new Error(`no view: ${JSON.stringify(opinion)}`);
      expect(opinion.horizonMs).toBe(horizonMinutes * 60_000);
      expect(opinion.evidence).toContain(`${candles} candles of ${timeframe}`);
      // A year of it is 45 to 105 % volatile.
      const yearly = opinion.uncertainty * Math.sqrt(525_600 / horizonMinutes);
      expect(yearly).toBeGreaterThan(0.2);
      expect(yearly).toBeLessThan(2);
      // What is learned from are minutes, whatever it is decided on.
      const told = (await rig.buffer.outbox.after(0, 1_000)).filter(({ kind }) => kind === 'candle.closed');
      expect(told).toHaveLength(120);
    } finally {
      await replayThenClose(rig);
    }
  },
);
