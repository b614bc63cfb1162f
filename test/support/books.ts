import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { riskSchema } from '../../contracts/config/schema.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import type { Mode } from '../../domain/market/market.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { FencedOrder, Sending } from '../../domain/orders/fenced-order.ts';
import type { Fill, OrderLeg } from '../../domain/orders/orders.ts';
import type { SubmissionTerms } from '../../domain/orders/submissions.ts';
import type { OrderPlan } from '../../domain/portfolio/portfolio.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { marketBufferSchema } from '../../stores/journal/sql/migrations.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { createMarketBuffer, type MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import { capabilities } from '../../venues/capabilities.ts';
import type { Plain, Taking } from './plain.ts';

/** The market of most books here. */
export const PAPER = { mode: 'paper', venue: 'binance' } as const;

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sapphire-test-'));
}

/** An empty journal in a file of its own, with the default limits in force. */
export async function temporaryJournal(
  now?: () => number,
  mode: Mode = 'paper',
  folder = temporaryFolder(),
): Promise<Taking<Journal>> {
  const journal = await openSqliteJournal(join(folder, 'journal.db'), { ...PAPER, mode }, now);
  await journal.risk.adopt('main', riskSchema.parse({}));
  return journal as Taking<Journal>;
}

export async function temporaryMarketBuffer(folder = temporaryFolder()): Promise<MarketBuffer> {
  const file = join(folder, 'market-buffer.db');
  return createMarketBuffer(await openSqliteDatabase(file, PAPER, Date.now, marketBufferSchema));
}

export function leg(changes: Plain<Partial<OrderLeg>> = {}): OrderLeg {
  const made: Plain<OrderLeg> = {
    legId: 'sph000000000000000000000001',
    cycleId: 'cycle/main/1',
    correlationId: 'cycle/main/1',
    account: 'main',
    symbol: 'BTC/USDT',
    side: 'buy',
    purpose: 'open',
    type: 'limit',
    quantity: '0.01',
    limitPrice: '60000',
    timeInForce: 'IOC',
    restMs: 1_000,
    working: { style: 'once' },
    minNotional: '5',
    epoch: 0,
    ...changes,
  };
  return made as OrderLeg;
}

/** A submission of the whole leg at its collar. */
export function terms({ type, quantity, limitPrice, timeInForce, restMs }: OrderLeg, submission = 1): SubmissionTerms {
  return { submission, type, quantity, limitPrice, timeInForce, restMs };
}

/** As an order goes out that is stamped so. */
export function sending(sentAt: number): Sending {
  return { sentAt, sendBy: sentAt + capabilities.binance.requestValidMs };
}

/** As the fence lets it pass, for tests of a venue, which have no journal. */
export function fenced(order: OrderLeg, intentId: string, sentAt: number, submission = terms(order)): FencedOrder {
  return { ...order, ...submission, intentId, ...sending(sentAt) } as unknown as FencedOrder;
}

export function fill(changes: Plain<Partial<Fill>> = {}): Fill {
  const made: Plain<Fill> = {
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
  return made as Fill;
}

/** The record of a cycle that saw nothing and did nothing. */
export function cycleRecord(changes: Plain<Partial<CycleRecord>> = {}): CycleRecord {
  const made: Plain<CycleRecord> = {
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
  return made as CycleRecord;
}

export async function planLegs(journal: Journal, ...legs: OrderLeg[]): Promise<OrderPlan> {
  const cycleId = legs[0]?.cycleId ?? tagged('cycle/main/1');
  return journal.cycles.plan(cycleId, 'main', Date.now(), () => ({
    cycleId,
    equity: tagged('10000'),
    legs,
    verdicts: [],
    allocations: [],
  }));
}

/** Plans a leg, sends it, and books the one fill that filled it or, where it is smaller, let it expire. */
export async function trade(journal: Journal, order: OrderLeg, changes: Plain<Partial<Fill>> = {}): Promise<Fill> {
  const intentId = intentIdOf(order.legId, 1);
  const { symbol, side, quantity, limitPrice: price } = order;
  const match = fill({ tradeId: order.legId, intentId, symbol, side, quantity, price, fee: '0', ...changes });
  await planLegs(journal, order);
  await journal.intents.openFence(order, terms(order), sending(Date.now()));
  const state = match.quantity === quantity ? 'filled' : 'expired';
  await journal.intents.report({ intentId, state, filledQuantity: match.quantity, fills: [match] });
  return match;
}

export async function fund(journal: Journal, amount = '10000', asset = 'USDT'): Promise<void> {
  const value = asset === 'USDT' ? amount : '0';
  await journal.ledger.transfer({ reference: `test/${asset}`, account: 'main', asset, amount, value, at: 0 });
}
