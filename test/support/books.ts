import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CycleRecord } from '../../contracts/cycle.ts';
import type { Fill, OrderLeg } from '../../domain/orders.ts';
import type { OrderPlan } from '../../domain/portfolio.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sapphire-test-'));
}

export function temporaryJournal(now?: () => number): Journal {
  return openSqliteJournal(join(temporaryFolder(), 'journal.db'), 'paper', now);
}

export function leg(changes: Partial<OrderLeg> = {}): OrderLeg {
  return {
    legId: 'sph000000000000000000000001',
    cycleId: 'cycle/main/1',
    correlationId: 'cycle/main/1',
    account: 'main',
    symbol: 'BTC/USDT',
    side: 'buy',
    purpose: 'open',
    quantity: '0.01',
    limitPrice: '60000',
    timeInForce: 'IOC',
    restMs: 1_000,
    epoch: 0,
    ...changes,
  };
}

export function fill(changes: Partial<Fill> = {}): Fill {
  return {
    venue: 'binance',
    account: 'main',
    symbol: 'BTC/USDT',
    tradeId: '1',
    intentId: 'sph000000000000000000000001-1',
    side: 'buy',
    price: '59990',
    quantity: '0.01',
    fee: '0.00001',
    feeAsset: 'BTC',
    liquidity: 'taker',
    filledAt: 1_000,
    ...changes,
  };
}

/** The record of a cycle that saw nothing and did nothing. */
export function cycleRecord(changes: Partial<CycleRecord> = {}): CycleRecord {
  return {
    cycleId: 'cycle/main/1',
    correlationId: 'cycle/main/1',
    runId: 'run',
    account: 'main',
    mode: 'paper',
    outcome: 'NO_TRADE',
    summary: '',
    startedAt: 0,
    finishedAt: 0,
    epoch: 0,
    snapshot: undefined,
    answers: [],
    consensus: undefined,
    plan: undefined,
    orders: [],
    fills: [],
    equity: undefined,
    ...changes,
  };
}

export async function planLegs(journal: Journal, ...legs: OrderLeg[]): Promise<OrderPlan> {
  const cycleId = legs[0]?.cycleId ?? 'cycle/main/1';
  return journal.cycles.plan(cycleId, 'main', () => ({ cycleId, equity: '10000', legs, verdicts: [] }));
}

export async function fund(journal: Journal, amount = '10000', asset = 'USDT'): Promise<void> {
  await journal.ledger.deposit({ reference: `test/${asset}`, account: 'main', asset, amount, at: 0 });
}
