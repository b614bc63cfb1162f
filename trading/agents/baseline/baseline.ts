import type { AgentRequest } from '../../../contracts/signals.ts';
import { candlesIn, timeframeOf } from '../../../domain/market/frames.ts';
import type { SymbolSnapshot } from '../../../domain/market/market.ts';
import { BASELINE_MIN_CANDLES, baselineView } from '../../../domain/signals/baseline.ts';
import { abstain, type Opinion } from '../../../domain/signals/signals.ts';
import { type Agent, freeAnswer } from '../port.ts';

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

function opinionOn(snapshot: SymbolSnapshot, request: AgentRequest): Opinion[] {
  const {
    instrument: { symbol },
    candles,
  } = snapshot;
  const view = baselineView(candles, candlesIn(request.horizonMs, snapshot));
  if (view === undefined) {
    return abstain(
      'baseline',
      [symbol],
      'not_enough_data',
      `The rule needs ${BASELINE_MIN_CANDLES} candles of ${timeframeOf(snapshot)} with a price; there are ${candles.length}.`,
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
      evidence: [
        `drift t ${tStatistic.toFixed(2)}`,
        `z of the last 20 ${zScore.toFixed(2)}`,
        `${candles.length} candles of ${timeframeOf(snapshot)}`,
      ],
    },
  ];
}
