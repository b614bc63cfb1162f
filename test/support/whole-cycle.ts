import type { Journal } from '../../stores/journal/port.ts';
import { cycleRecord, fill, leg, sending, terms } from './books.ts';
import { type Taking, typed } from './plain.ts';

const SYMBOLS = ['BTC/USDT', 'ETH/USDT'];
const probabilities = { up: 0.5, flat: 0.3, down: 0.2 };
const mids = { 'BTC/USDT': '60000', 'ETH/USDT': '3000' };

/** A cycle with everything that one can have: signals and abstentions, a consensus, a plan of linked legs and its end, verdicts, orders, a fill, equity. */
export async function wholeCycle(
  journal: Taking<Journal>,
  { cycleId, at, settled = true, ended = true }: { cycleId: string; at: number; settled?: boolean; ended?: boolean },
): Promise<void> {
  const { cycles, intents, scores } = journal;
  const legs = ['buy', 'sell'].map((side) =>
    leg({ legId: `${cycleId}/${side}`, cycleId, correlationId: cycleId, quantity: '0.001' }),
  );
  const verdict = {
    code: 'max_order_notional',
    symbol: 'BTC/USDT',
    limit: '100',
    value: '120',
    before: '120',
    after: '100',
  };
  const allocation = {
    portfolio: 'all',
    kind: 'symbol',
    symbol: 'BTC/USDT',
    wanted: 0.2,
    share: 0.1,
    amount: '1000',
    boundBy: ['group'],
  };
  const plan = { cycleId, equity: '10000.5', kind: 'linked', legs, verdicts: [verdict], allocations: [allocation] };
  const consensus = {
    cycleId,
    policyVersion: 3,
    method: 'linear-pool/1',
    formedBy: 'coordinator',
    formedAt: at - 400,
    symbols: SYMBOLS.map((symbol) => ({
      symbol,
      direction: 'up',
      probabilities,
      expectedReturn: 0.0031,
      uncertainty: 0.011,
      conviction: 0.5,
      dissent: 0,
      votes: [{ agentId: 'technical', weight: 1, counted: true, note: '' }],
      quorum: { met: true, count: 1, countNeeded: 1, weight: 1, weightNeeded: 1 },
    })),
  };
  const signals = SYMBOLS.map((symbol) => ({
    kind: 'signal',
    agentId: 'technical',
    symbol,
    probabilities,
    expectedReturn: 0.0031,
    uncertainty: 0.011,
    conviction: 0.5,
    horizonMs: 1_000,
    validUntilAt: at + 60_000,
    rationale: "it says: “up” — 📈\n'quoted'",
    evidence: [{ name: 'rsi', value: '61.2' }],
  }));
  const silent = SYMBOLS.map((symbol) => ({
    kind: 'abstention',
    agentId: 'qwen',
    symbol,
    reason: 'timed_out',
    detail: 'no answer in 20 s',
  }));
  const answer = { model: 'm', version: '1', latencyMs: 12.5, tokens: 0, costUsd: '0' };
  await cycles.saveConsensus(typed(consensus as never));
  await cycles.plan(cycleId, 'main', at, () => typed(plan as never));
  const [first] = legs;
  if (!first) throw new Error('the plan has legs');
  await intents.openFence(first, terms(first), sending(at));
  const match = fill({ tradeId: cycleId, intentId: `${first.legId}-1`, quantity: '0.001', fee: '0', filledAt: at });
  await intents.report({ intentId: match.intentId, state: 'filled', filledQuantity: '0.001', fills: [match] });
  const orders = [
    {
      legId: first.legId,
      intentId: `${first.legId}-1`,
      symbol: 'BTC/USDT',
      side: 'buy',
      state: 'filled',
      quantity: '0.001',
      filledQuantity: '0.001',
      limitPrice: '60000',
      detail: '',
    },
  ];
  const record = cycleRecord({
    cycleId,
    correlationId: cycleId,
    outcome: 'COMPLETED',
    summary: 'bought 0.001 BTC',
    startedAt: at - 900,
    finishedAt: at,
    snapshot: { snapshotId: 's', takenAt: at - 800, venue: 'binance', mids },
    answers: [
      { ...answer, agentId: 'technical', opinions: signals },
      { ...answer, agentId: 'qwen', opinions: silent },
    ] as never,
    consensus: consensus as never,
    plan: plan as never,
    orders: orders as never,
    fills: [match],
    equity: '10001.25',
    currency: 'USDT',
    ...(ended ? { planEnd: { end: 'done', detail: '' } } : {}),
  });
  await cycles.record(record);
  await cycles.releaseLeg(`${cycleId}/sell`);
  if (!settled) return;
  const due = (await scores.due('main', at + 10_000, 100)).filter((one) => one.cycleId === cycleId);
  await scores.settle(
    'main',
    due.map((one) => ({ ...one, finalPrice: one.symbol === 'BTC/USDT' ? '60100' : undefined })),
  );
}
