import type { CycleRecord } from '../../contracts/cycle.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { missionAgentIds } from '../../domain/signals/agents.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import type { NewEvent } from '../../stores/journal/books/outbox.ts';
import { cycleRecord, fill, leg } from '../support/books.ts';

export const SYMBOLS = ['BTC/USDT', 'ETH/USDT'] as const;
export const START = Date.UTC(2026, 8, 1);
const INTERVAL = 30_000;

/** What the books tell of one cycle that trades now and then, in the proportions of a real one. */
export function eventsOfCycle(index: number): NewEvent[] {
  const cycleId: CycleId = tagged(`cycle/main-${new Date(START + index * INTERVAL).toISOString()}`);
  const at = START + index * INTERVAL;
  const of = { cycleId, correlationId: cycleId };
  const price = (60_000 + 500 * Math.sin(index / 300)).toFixed(2);
  const answers = missionAgentIds.map((agentId, place) => answerOf(agentId, index + place, at));
  const trades = index % 3 === 0;
  const record: CycleRecord = cycleRecord({
    ...of,
    outcome: trades ? 'COMPLETED' : 'NO_TRADE',
    summary: '4 signals; consensus BTC/USDT up, ETH/USDT flat',
    startedAt: at,
    finishedAt: at + 300,
    snapshot: {
      snapshotId: `s${index}`,
      takenAt: at,
      venue: 'binance',
      mids: { 'BTC/USDT': price, 'ETH/USDT': '3000.5' },
    },
    answers,
    equity: (10_000 + Math.sin(index / 500) * 100).toFixed(4),
  });
  const marked = {
    account: 'main',
    currency: 'USDT',
    equity: record.equity,
    dayOpen: '10000',
    highWater: '10100',
    at: at + 300,
    balances: [{ asset: 'USDT', free: '5000', reserved: '0', dust: '0' }],
    positions: [
      { symbol: 'BTC/USDT', quantity: '0.05', averageCost: '59990.5', realizedPnl: '1', dust: '0', openedAt: 1 },
    ],
    prices: { 'BTC/USDT': price },
  };
  const settled = answers.flatMap(({ agentId, opinions }) =>
    opinions.flatMap((opinion) =>
      opinion.kind === 'signal'
        ? [
            {
              eventId: `outcome/${cycleId}/${agentId}/${opinion.symbol}`,
              kind: 'signal.settled',
              ...of,
              payload: {
                account: 'main',
                cycleId,
                agentId,
                symbol: opinion.symbol,
                model: 'm',
                price,
                finalPrice: (Number(price) * (1 + 0.004 * Math.sin(index))).toFixed(2),
                dueAt: at + 3_600_000,
                probabilities: opinion.probabilities,
                share: 0.2,
              },
            },
          ]
        : [],
    ),
  );
  return [
    { eventId: `consensus/${cycleId}`, kind: 'consensus.formed', ...of, payload: consensusOf(cycleId, at) },
    {
      eventId: `plan/${cycleId}`,
      kind: 'plan.made',
      ...of,
      payload: { cycleId, equity: '10000', legs: [], verdicts: [], allocations: [] },
    },
    {
      eventId: `verdict/${cycleId}/0`,
      kind: 'risk.limit_bit',
      ...of,
      payload: { code: 'CostGate', symbol: 'ETH/USDT', limit: '12', value: '3', before: '100', after: '0' },
    },
    ...(trades ? tradeEvents(index, cycleId, at, price) : []),
    { eventId: `equity/${cycleId}`, kind: 'equity.marked', ...of, payload: marked },
    { eventId: cycleId, kind: 'cycle.finished', ...of, payload: record },
    ...settled,
  ];
}

function answerOf(agentId: string, seed: number, at: number): AgentAnswer {
  const up = 0.2 + 0.5 * Math.abs(Math.sin(seed));
  return {
    agentId,
    opinions: SYMBOLS.map((symbol) => ({
      kind: 'signal',
      agentId,
      symbol,
      probabilities: { up, flat: (1 - up) / 2, down: (1 - up) / 2 },
      expectedReturn: 0.001,
      uncertainty: 0.01,
      conviction: 0.4,
      horizonMs: 3_600_000,
      validUntilAt: at + 3_600_000,
      rationale: 'Momentum over a quarter of an hour, a book that leans to the bid, and little volatility.',
      evidence: [`${symbol}.return_15m_bps`],
    })),
    model: 'deepseek-flash',
    version: 'signal-1',
    latencyMs: 800,
    tokens: 900,
    costUsd: '0.0002',
  };
}

function consensusOf(cycleId: string, at: number): unknown {
  const symbols = SYMBOLS.map((symbol) => ({
    symbol,
    direction: 'up',
    probabilities: { up: 0.5, flat: 0.3, down: 0.2 },
    expectedReturn: 0.001,
    uncertainty: 0.01,
    conviction: 0.4,
    dissent: 0.2,
    votes: missionAgentIds.map((agentId) => ({ agentId, weight: 1 / 6, counted: true, note: '' })),
    quorum: { met: true, count: 6, countNeeded: 3, weight: 1, weightNeeded: 0.1 },
  }));
  return { cycleId, policyVersion: 1, method: 'linear-pool/1', symbols, formedAt: at + 100, formedBy: 'coordinator' };
}

function tradeEvents(index: number, cycleId: CycleId, at: number, price: string): NewEvent[] {
  const of = { cycleId, correlationId: cycleId };
  const intentId = `sph${index}-1`;
  const intent = {
    ...leg({ legId: `sph${index}`, ...of }),
    intentId,
    submission: 1,
    sendBy: at,
    venueOrderId: String(index),
    detail: '',
    createdAt: at + 150,
    updatedAt: at + 200,
  };
  const booked = fill({
    tradeId: String(index),
    intentId,
    side: index % 2 ? 'buy' : 'sell',
    price,
    quantity: '0.01',
    fee: '0.6',
    feeAsset: 'USDT',
    filledAt: at + 180,
  });
  return [
    {
      eventId: `intent/${intentId}/submitted/0`,
      kind: 'order.submitted',
      ...of,
      payload: { ...intent, state: 'submitted', filledQuantity: '0' },
    },
    { eventId: `fill/${index}`, kind: 'fill.booked', ...of, payload: { ...booked, realizedPnl: '0.5' } },
    {
      eventId: `intent/${intentId}/filled/0.01`,
      kind: 'order.filled',
      ...of,
      payload: { ...intent, state: 'filled', filledQuantity: '0.01' },
    },
  ];
}
