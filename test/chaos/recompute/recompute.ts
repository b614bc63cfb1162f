import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataFolder } from '../../../runtime/configuration/folders.ts';
import type { Outbox, OutboxEvent } from '../../../stores/journal/books/outbox.ts';
import { feedsOf } from '../../../stores/warehouse/feeds.ts';
import { runReports } from '../../../stores/warehouse/pages/make.ts';
import { openWarehouse } from '../../../stores/warehouse/warehouse.ts';
import type { Evidence } from '../evidence.ts';
import { type Violation, violation } from '../invariants.ts';
import { type Exact, exact, isNear, NOTHING, shown, times } from './exact.ts';
import { type ExchangeRecords, readExchange } from './exchange.ts';
import { compareReports, type Reported } from './reports.ts';
import { type Walked, walk } from './walk.ts';

/** What is held against the exchange's records. */
export type Booked = Pick<Evidence, 'venue' | 'events' | 'balances' | 'positions'>;

interface Sources {
  /** File of the paper exchange's database. */
  exchange: string;
  account: string;
  currency: string;
  /** The market buffer's events; without them no report tells of a price that was seen. */
  market: readonly OutboxEvent[];
}

/**
 * I2, once more and by other means: from the exchange's own database, and no code of the books, every fill and fee, balance, position, cost and
 * profit, equity at each mark and each report's figures are made anew.
 */
export async function recompute(booked: Booked, sources: Partial<Sources> = {}): Promise<Violation[]> {
  const { exchange: file, account, currency, market } = { ...ownSources(), ...sources };
  const { events, venue } = booked;
  const exchange = readExchange(file, account);
  // What was filled after the books were read is not in them.
  const known = new Set(venue.trades.map(({ symbol, id, orderId }) => `${symbol}/${id}/${orderId}`));
  const clients = new Map(venue.orders.map(({ orderId, clientOrderId }) => [clientOrderId, orderId]));
  for (const key of exchange.fills.keys()) {
    const [base, quote, tradeId, clientId = ''] = key.split('/');
    if (!known.has(`${base}${quote}/${tradeId}/${clients.get(clientId)}`)) exchange.fills.delete(key);
  }
  const walked = walk(events, exchange, currency);
  const reported = await reportsOf(events, market);
  const withoutPrices = market.length === 0 ? { ...reported, fills: undefined } : reported;
  return [
    ...walked.differences,
    ...atRest(walked, exchange, booked),
    ...compareReports(walked, events, withoutPrices as Reported),
  ].map((what) => violation('I2', `recomputed: ${what}`));
}

function ownSources(): Sources {
  return { exchange: join(dataFolder(), 'paper-exchange.db'), account: 'main', currency: 'USDT', market: [] };
}

function atRest(
  { account, flows }: Walked,
  { moved }: ExchangeRecords,
  { venue, balances, positions }: Booked,
): string[] {
  const found: string[] = [];
  const differ = (what: string, ours: string, theirs: string): void => {
    if (ours !== theirs) found.push(`${what}: booked ${ours}, recomputed ${theirs}`);
  };
  const near = (what: string, ours: string, theirs: Exact): void => {
    if (!isNear(exact(ours), theirs, 18)) differ(what, ours, shown(theirs));
  };
  const booked = new Map(
    balances.map(({ asset, free, reserved, dust }) => [asset, exact(free) + exact(reserved) + exact(dust)]),
  );
  for (const asset of new Set([...booked.keys(), ...account.balances.keys(), ...Object.keys(venue.balances)])) {
    const own = shown(account.balances.get(asset) ?? NOTHING);
    differ(`balance of ${asset}`, shown(booked.get(asset) ?? NOTHING), own);
    differ(`the exchange's balance of ${asset}`, shown(exact(venue.balances[asset] ?? '0')), own);
  }
  for (const { symbol, quantity, averageCost, realizedPnl, dust, ...more } of positions) {
    const own = account.holding(symbol);
    differ(`position in ${symbol}`, quantity, shown(own.quantity));
    differ(`dust of ${symbol}`, dust, shown(own.dust));
    near(`cost of ${symbol}`, shown(times(exact(quantity), exact(averageCost))), own.cost);
    near(`realised PnL of ${symbol}`, realizedPnl, own.realized);
    if ('dustCost' in more) near(`cost of the dust of ${symbol}`, String(more.dustCost), own.dustCost);
  }
  if (moved) {
    // Each that a person told the books of is one of the exchange's, however far apart the two are in time.
    const open = moved.map(({ asset, amount }) => `${shown(amount)} ${asset}`);
    for (const { told } of flows) {
      if (told === undefined) continue;
      const place = open.indexOf(told);
      if (place < 0) found.push(`${told} was booked as moved, and the exchange has moved none`);
      else open.splice(place, 1);
    }
    for (const words of open) found.push(`the exchange moved ${words}, which is not booked`);
  }
  return found;
}

/** Each report over just these events, whatever was told since. */
export async function reportsOf(events: readonly OutboxEvent[], market: readonly OutboxEvent[]): Promise<Reported> {
  const folder = mkdtempSync(join(tmpdir(), 'sapphire-recompute-'));
  try {
    const warehouse = openWarehouse({ folder, mode: 'paper', journal: 'recomputed' });
    const audit = { after: async () => [], lastPlace: async () => 0 };
    const feeds = feedsOf({ outbox: outboxOf(events), audit: audit as never }, outboxOf(market));
    const done = await runReports(warehouse, feeds, { from: 0, to: Number.MAX_SAFE_INTEGER / 1_000 });
    return Object.fromEntries(done.map(({ report, rows }) => [report.name, rows]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function outboxOf(events: readonly OutboxEvent[]): Outbox {
  const after = (sequence: number, limit: number) =>
    events.filter((event) => event.sequence > sequence).slice(0, limit);
  const outbox: Pick<Outbox, 'stored' | 'trimmedThrough' | 'lastSequence'> = {
    stored: async (sequence, limit) =>
      after(sequence, limit).map((event) => ({ ...event, payload: JSON.stringify(event.payload) })),
    trimmedThrough: async () => 0,
    lastSequence: async () => events.at(-1)?.sequence ?? 0,
  };
  return outbox as Outbox;
}
