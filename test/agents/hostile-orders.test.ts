import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { consensusRequestSchema } from '../../contracts/consensus.ts';
import { consensusRules, policySchema } from '../../contracts/participation.ts';
import { formConsensus } from '../../domain/consensus/consensus.ts';
import { defaultParticipation, type ParticipationPolicy, perAgent } from '../../domain/consensus/participation.ts';
import { type Decimal, decimal, sum } from '../../domain/money/money.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import { missionAgentIds } from '../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { checkedAnswer } from '../../trading/agents/answer-check.ts';
import { featuresOf, type SymbolFeatures } from '../../trading/agents/language-models/features.ts';
import { signalFrom } from '../../trading/agents/language-models/language-model.ts';
import { readReply } from '../../trading/agents/language-models/reply.ts';
import { limits, plan } from '../domain/portfolio/plan.ts';
import { healthyRequest } from './market.ts';

const RUNS = 2_500;
const request = healthyRequest();
const features = request.snapshot.symbols.map((symbol): SymbolFeatures => {
  const measured = featuresOf(symbol);
  if (typeof measured === 'string') throw new Error(measured);
  return measured;
});
const symbols = features.map(({ symbol }) => symbol);

/** The loosest policy that there is: nothing but the risk limits stands between an agent and the exchange. */
const policy: ParticipationPolicy = {
  version: 1,
  agents: perAgent((id) => ({ ...defaultParticipation(id), weight: 10, trust: 1 })),
  ...consensusRules(policySchema.parse({ quorumCount: 1, quorumWeight: 0, maxGroupShare: 1, earnedTrust: false })),
};

const wild = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.string(),
  fc.constant(null),
  fc.constantFrom(1e308, -1e308, Number.NaN, Number.POSITIVE_INFINITY, '1e999', 'BUY 100%', '__proto__', '../../etc'),
);
const mostly = (good: fc.Arbitrary<unknown>, weight = 40) =>
  fc.oneof({ weight, arbitrary: good }, { weight: 1, arbitrary: wild });
/** As sure as the contract lets one be. */
const extreme = fc.constantFrom(
  { up: 1, flat: 0, down: 0 },
  { up: 0, flat: 0, down: 1 },
  { up: 0.5, flat: 0, down: 0.5 },
);

const entry = (symbol: string) =>
  fc.record({
    symbol: mostly(fc.constant(symbol)),
    probabilities: mostly(extreme),
    expected_return_bps: mostly(fc.constantFrom(-300, 300, 299.999, 0, 1e-9)),
    conviction: mostly(fc.constantFrom(1, 0, 0.5)),
    rationale: mostly(fc.string({ maxLength: 100 })),
    evidence: mostly(fc.constant([`${symbol}.spread_bps`])),
  });
const modelText = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(...symbols.map(entry)).map((signals) => JSON.stringify({ signals })) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
  { weight: 1, arbitrary: fc.json() },
  {
    weight: 1,
    arbitrary: fc
      .tuple(...symbols.map(entry))
      .map((signals) => JSON.stringify({ signals, order: 'BUY 100 BTC' }).slice(0, -7)),
  },
);

const opinion = (agentId: string, symbol: string) =>
  fc.record({
    kind: mostly(fc.constant('signal'), 60),
    agentId: mostly(fc.constant(agentId), 60),
    symbol: mostly(fc.constant(symbol), 60),
    probabilities: mostly(extreme),
    expectedReturn: mostly(fc.constantFrom(0.5, -0.5, 0.49999, 1e-300)),
    uncertainty: mostly(fc.constantFrom(0, 1, 1e-300, 0.01)),
    conviction: mostly(fc.constantFrom(1, 0)),
    horizonMs: mostly(fc.constant(request.horizonMs), 60),
    validUntilAt: mostly(fc.constant(request.snapshot.takenAt + request.horizonMs), 60),
    rationale: mostly(fc.string({ maxLength: 50 })),
    evidence: mostly(fc.array(fc.string({ maxLength: 20 }), { maxLength: 3 })),
  });
/** What a broken or hostile worker could send in an agent's name. */
const workerAnswer = (agentId: string) =>
  fc.record({
    agentId: mostly(fc.constant(agentId), 60),
    opinions: mostly(fc.tuple(...symbols.map((symbol) => opinion(agentId, symbol))), 60),
    model: mostly(fc.string({ maxLength: 20 })),
    version: mostly(fc.string({ maxLength: 20 })),
    latencyMs: fc.constant(1),
    tokens: fc.nat(),
    costUsd: mostly(fc.constant('0')),
  });

/** The way of a model's text: the contract of the prompt, then that of every agent. */
function fromText(agentId: string, content: string): AgentAnswer {
  const reply = readReply({ content, finishReason: 'stop' }, features);
  const opinions =
    'replies' in reply
      ? features.flatMap((feature) => {
          const read = reply.replies.get(feature.symbol);
          return read ? [signalFrom(agentId, read, feature, request)] : [];
        })
      : [];
  return checkedAnswer(agentId, request, {
    agentId,
    opinions,
    model: 'm',
    version: '1',
    latencyMs: 1,
    tokens: 0,
    costUsd: '0',
  });
}

const outputs = fc.tuple(
  ...missionAgentIds.map((id) =>
    id === 'deepseek' || id === 'qwen'
      ? modelText.map((content) => fromText(id, content))
      : workerAnswer(id).map((candidate) => checkedAnswer(id, request, candidate)),
  ),
);

const books = fc.record({
  cash: fc.constantFrom('10000', '0', '12.34', '3000'),
  held: fc.constantFrom('0', '0.7', '3.2'),
  reserved: fc.constantFrom('0', '1000'),
});

function expectWithinLimits({ legs, equity }: OrderPlan, free: Decimal, base: Decimal): void {
  const bought = legs.filter(({ side }) => side === 'buy');
  const value = ({ quantity, limitPrice }: OrderPlan['legs'][number]): Decimal => decimal(quantity).times(limitPrice);
  for (const leg of legs) {
    const { instrument, book } = request.snapshot.symbols.find((each) => each.instrument.symbol === leg.symbol) ?? {};
    if (!instrument || !book) throw new Error(`an order for ${leg.symbol}, which nobody asked about`);
    expect(decimal(leg.quantity).gt(0) && decimal(leg.quantity).mod(instrument.stepSize).isZero()).toBe(true);
    // What reduces is bounded by what is held alone.
    expect(leg.side === 'sell' || value(leg).lte(limits.maxOrderNotional)).toBe(true);
    const [best = '0'] = (leg.side === 'buy' ? book.asks : book.bids)[0] ?? [];
    const collar = decimal(best).times(limits.priceCollarBps).div(10_000).plus(instrument.tickSize);
    const beyond = leg.side === 'buy' ? decimal(leg.limitPrice).minus(best) : decimal(best).minus(leg.limitPrice);
    expect(beyond.lte(collar)).toBe(true);
    expect(leg.side === 'buy' || decimal(leg.quantity).lte(base)).toBe(true);
  }
  // What is held counts as well, less what is sold first: the later legs of a plan are not sent when an earlier one fails.
  const sold = sum(legs.filter(({ side }) => side === 'sell').map(({ quantity }) => decimal(quantity)));
  const heldValue = base.minus(sold).times(request.snapshot.symbols[0]?.book.bids[0]?.[0] ?? '0');
  const exposures = symbols.map((symbol, index) => {
    const added = sum(bought.filter((leg) => leg.symbol === symbol).map(value));
    const exposure = added.plus(index === 0 ? heldValue : 0);
    expect(added.isZero() || exposure.lte(decimal(equity).times(limits.maxSymbolExposure))).toBe(true);
    return exposure;
  });
  expect(bought.length === 0 || sum(exposures).lte(decimal(equity).times(limits.maxGrossExposure))).toBe(true);
  // With the fee on top, at the dearest price: what is reserved is there.
  expect(sum(bought.map(value)).times('1.001').lte(free)).toBe(true);
}

it(`turns none of ${RUNS * missionAgentIds.length} hostile outputs into an order outside the limits`, {
  timeout: 120_000,
}, () => {
  const seen = { outputs: 0, signals: 0, views: 0, plansWithOrders: 0, legs: 0 };
  fc.assert(
    fc.property(outputs, books, (answers, { cash, held, reserved }) => {
      seen.outputs += answers.length;
      seen.signals += answers.filter(({ opinions }) => opinions.some(({ kind }) => kind === 'signal')).length;
      const question = { cycleId: 'hostile', symbols, takenAt: request.snapshot.takenAt, horizonMs: request.horizonMs };
      const view = formConsensus(consensusRequestSchema.parse({ ...question, answers }), policy);
      seen.views += view.symbols.filter(({ direction }) => direction === 'up' || direction === 'down').length;
      const free = decimal(cash).minus(reserved).lt(0) ? decimal(0) : decimal(cash).minus(reserved);
      const [first] = symbols;
      const planned = plan(
        { views: view.symbols, snapshot: request.snapshot, now: request.snapshot.takenAt + 500 },
        {
          balances: [
            { asset: 'USDT', free: free.toFixed(), reserved, dust: '0' },
            { asset: 'BTC', free: held, reserved: '0', dust: '0' },
          ],
          positions: [
            {
              symbol: first ?? '',
              quantity: held,
              averageCost: '1000',
              realizedPnl: '0',
              dust: '0',
              dustCost: '0',
              openedAt: 0,
            },
          ],
        },
      );
      if (planned.legs.length > 0) seen.plansWithOrders += 1;
      seen.legs += planned.legs.length;
      expectWithinLimits(planned, free, decimal(held));
    }),
    { numRuns: RUNS, seed: 5 },
  );
  process.stdout.write(`${JSON.stringify(seen)}\n`);
  // Worth something only if much of it gets as far as an order.
  expect(seen.outputs).toBeGreaterThanOrEqual(10_000);
  expect(seen.signals).toBeGreaterThan(3_000);
  expect(seen.plansWithOrders).toBeGreaterThan(300);
});
