import type { AgentRequest } from '../../../contracts/signals.ts';
import type { SymbolSnapshot } from '../../../domain/market/market.ts';
import { BASELINE_MIN_CANDLES, baselineView } from '../../../domain/signals/baseline.ts';
import { abstain, type Opinion } from '../../../domain/signals/signals.ts';
import { type Agent, freeAnswer } from '../port.ts';

const MINUTE_MS = 60_000;

/** A documented rule (see domain/signals/baseline.ts), not a mission agent: it lets a machine without keys trade and gives the others a yardstick. */
export function createBaseline(): Agent<'baseline'> {
  return {
    id: 'baseline',
    answer: async (request) =>
      freeAnswer(
        { agentId: 'baseline', model: 'trend-reversion-rule', version: '1' },
        request.snapshot.symbols.flatMap((symbol) => opinionOn(symbol, request)),
      ),
  };
}

function opinionOn({ instrument: { symbol }, candles }: SymbolSnapshot, request: AgentRequest): Opinion[] {
  const view = baselineView(candles, request.horizonMs / MINUTE_MS);
  if (view === undefined) {
    return abstain(
      'baseline',
      [symbol],
      'not_enough_data',
      `The rule needs ${BASELINE_MIN_CANDLES} one-minute candles with a price; there are ${candles.length}.`,
    );
  }
  const { expectedReturn, uncertainty, probabilities, conviction, tStatistic, zScore } = view;
  return [
    {
      kind: 'signal',
      agentId: 'baseline',
      symbol,
      probabilities,
      expectedReturn,
      uncertainty,
      conviction,
      horizonMs: request.horizonMs,
      validUntilAt: request.snapshot.takenAt + request.horizonMs,
      rationale: `Rule, no model: ${Math.abs(tStatistic) < 1 ? 'insignificant drift, leaning against the last excursion' : 'following the drift'}.`,
      evidence: [`drift t ${tStatistic.toFixed(2)}`, `20-minute z ${zScore.toFixed(2)}`, `${candles.length} candles`],
    },
  ];
}
