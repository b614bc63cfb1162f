import type { AgentId } from '../../../domain/signals/agents.ts';
import { closingPrices } from '../../../domain/signals/baseline.ts';
import {
  logReturns,
  outcomeProbabilities,
  standardDeviation,
  uncertaintyOver,
} from '../../../domain/statistics/statistics.ts';
import { type Agent, freeAnswer } from '../../../trading/agents/port.ts';
import { type Bars, barAt } from '../../../venues/simulated/market/bars.ts';
import { uniform } from '../signals/markets.ts';

const HOUR_MS = 3_600_000;
/** Of a normal distribution, the mean size of a move in its deviations: √(2/π). */
const MEAN_SIZE = 0.8;

/**
 * An agent of known skill, once an hour about the next one: it is right about the direction of so many hours in a hundred, and says the return that one
 * who is right as often as it claims would expect. It looks into the file, so that it can be right.
 *
 * @param right share of the hours, 0.5 for noise
 * @param claims the share that it says
 */
export function createSeer<Id extends AgentId>(
  id: Id,
  { right, claims, seed }: { right: number; claims: number; seed: number },
  bars: Bars,
): Agent<Id> {
  const priceAt = (at: number): number => bars.open[barAt(bars, at)] ?? 0;
  return {
    id,
    async answer({ snapshot: { takenAt, symbols } }) {
      const hour = Math.floor(takenAt / HOUR_MS);
      const formedAt = hour * HOUR_MS;
      const isRise = priceAt(formedAt + HOUR_MS) > priceAt(formedAt);
      const isRight = uniform(seed * 1_000_003 + hour)() < right;
      const side = isRise === isRight ? 1 : -1;
      const opinions = symbols.map(({ instrument: { symbol }, candles }) => {
        const uncertainty = uncertaintyOver(standardDeviation(logReturns(closingPrices(candles) ?? [])), 60);
        const expectedReturn = side * (2 * claims - 1) * MEAN_SIZE * uncertainty;
        return {
          kind: 'signal' as const,
          agentId: id,
          symbol,
          probabilities: outcomeProbabilities(expectedReturn, uncertainty),
          expectedReturn,
          uncertainty,
          conviction: 0.6,
          horizonMs: HOUR_MS,
          formedAt,
          validUntilAt: formedAt + HOUR_MS,
          rationale: 'of the bench: it looks into the file',
          evidence: [],
        };
      });
      return freeAnswer({ agentId: id, model: 'seer', version: '1' }, opinions);
    },
  };
}
