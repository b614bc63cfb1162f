import type { Logger } from 'pino';
import { submissionOf } from '../../contracts/leg-ids.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { tellSpan } from '../../runtime/telemetry/tracing.ts';
import type { BookedTrade } from '../../stores/journal/books/exchange.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort, VenueOrder, VenueTrade } from '../../venues/port.ts';
import { createDueSymbols } from './due-symbols.ts';

export interface IngestDependencies {
  journal: Pick<Journal, 'bindings' | 'exchange' | 'intents' | 'ledger'>;
  trading: Pick<TradingPort, 'tradesFrom' | 'orderById' | 'listing' | 'balances'>;
  account: string;
  /** Symbols that are traded; those that are held are read as well. */
  symbols: readonly string[];
  /** Names this process: one at a time reads an account's trades. */
  holder: string;
  /** Told of trades that the books cannot explain. Has to succeed before they are passed over. */
  onStrangers(strangers: readonly Stranger[]): Promise<void>;
  /** Told after each reading of a list of trades: a round of many symbols may take its time, and does not hang. */
  onStep?(): void;
  logger: Logger;
}

/** A trade of the account that no order of ours explains, or one of an order that the books say never was. */
export interface Stranger {
  symbol: string;
  tradeId: string;
  words: string;
}

export interface Ingest {
  /** Books all trades since the last round. False when another process reads the account's trades. */
  round(): Promise<boolean>;
}

interface Owner {
  intent: Intent;
  /** These books did not send it. */
  recovered: boolean;
}

/** The exchange dates its trades, and this machine the binding. */
const CLOCKS_DIFFER_MS = 60_000;
/** A stalled process keeps the trades from another one for no longer than this. */
const LEASE_MS = 10_000;

/** Books the account's fills from its list of trades, which is complete and in order, whatever the streams and answers have lost. */
export function createIngest(dependencies: IngestDependencies): Ingest {
  const { journal, trading, account, symbols, holder, onStrangers, logger } = dependencies;

  // A rate is known from the first fill on only where the count began with none.
  for (const symbol of symbols) for (const side of ['buy', 'sell']) metrics.fills.inc({ symbol, side }, 0);

  const readSymbol = async (symbol: string): Promise<boolean> => {
    for (;;) {
      const startedAt = Date.now();
      const cursor = await journal.exchange.cursor(account, symbol);
      const { trades, next, isFull } = await trading.tradesFrom(symbol, cursor);
      dependencies.onStep?.();
      if (trades.length === 0 && next === cursor) return true;
      // What stands there at the first reading and is not ours is the account's past, before it was Sapphire's.
      const { fills, strangers, owned } = await attribute(trades, cursor === undefined);
      // Before the cursor passes them: a halt that could not be raised is tried again by the next round.
      if (strangers.length > 0) await onStrangers(strangers);
      if (!(await journal.exchange.bookTrades({ account, symbol, holder, fills, from: cursor, next }))) return false;
      for (const fill of fills) tellOf(fill, owned.get(fill.intentId), startedAt);
      if (!isFull) return true;
    }
  };

  const attribute = async (
    trades: readonly VenueTrade[],
    first: boolean,
  ): Promise<{ fills: BookedTrade[]; strangers: Stranger[]; owned: Map<string, Intent> }> => {
    const owners = new Map<string, Intent | undefined>();
    const owned = new Map<string, Intent>();
    const fills: BookedTrade[] = [];
    const strangers: Stranger[] = [];
    const recovered = new Set<string>();
    for (const each of trades) {
      const { venueOrderId, ...trade } = each;
      const { symbol, tradeId } = trade;
      if (!owners.has(venueOrderId)) {
        const found = await ownerOf(each, first);
        owners.set(venueOrderId, found?.intent);
        if (found?.recovered) recovered.add(found.intent.intentId);
      }
      const owner = owners.get(venueOrderId);
      if (owner) {
        owned.set(owner.intentId, owner);
        fills.push({ ...trade, venueOrderId, account, intentId: owner.intentId });
      }
      const words = strangeness(owner, first);
      if (words) strangers.push({ symbol, tradeId, words: `trade ${tradeId} on ${symbol} ${words}` });
    }
    return { fills, strangers, owned };

    function strangeness(owner: Intent | undefined, past: boolean): string | undefined {
      if (!owner) return past ? undefined : 'is of no order of ours';
      if (recovered.has(owner.intentId))
        return `is of ${owner.intentId}, which these books did not send: it was booked`;
      const neverWas = owner.state === 'void' || owner.state === 'rejected' || owner.state === 'denied';
      return neverWas ? `is of ${owner.intentId}, which the books say was ${owner.state}` : undefined;
    }
  };

  const tellOf = (fill: BookedTrade, owner: Intent | undefined, startedAt: number): void => {
    const { symbol, side, quantity, price, tradeId, intentId } = fill;
    metrics.fills.inc({ symbol, side });
    if (owner) metrics.fillDuration.observe(Math.max(0, fill.filledAt - owner.createdAt) / 1_000);
    const correlationId = owner?.correlationId;
    logger.info({ correlationId, account, intentId, symbol, side, quantity, price, tradeId }, 'fill booked');
    if (correlationId === undefined) return;
    tellSpan('book fill', {
      startedAt,
      endedAt: Date.now(),
      place: { trace: correlationId },
      attributes: {
        'sapphire.correlation_id': correlationId,
        'sapphire.symbols': [symbol],
        'sapphire.intent_id': intentId,
        'sapphire.trade_id': tradeId,
      },
    });
  };

  /** An order whose answer was lost is known by its client id alone, and so is one that restored books do not know any more. */
  const ownerOf = async (trade: VenueTrade, first: boolean): Promise<Owner | undefined> => {
    const { symbol, venueOrderId } = trade;
    const booked = await journal.intents.findByVenueOrder(account, symbol, venueOrderId);
    if (booked) return { intent: booked, recovered: booked.purpose === 'recovered' };
    // A long past of another owner is not asked about trade by trade, unless an order of ours may be in it.
    const isOurs = await isSinceBound(trade.filledAt);
    if (first && !isOurs && !(await hasNamelessIntent(symbol))) return undefined;
    const order = await trading.orderById(symbol, venueOrderId);
    if (!order) return undefined;
    const known = await journal.intents.find(order.intentId);
    if (known) return { intent: known, recovered: known.purpose === 'recovered' };
    return first && !isOurs ? undefined : recover(order, trade);
  };

  const recover = async (order: VenueOrder, trade: VenueTrade): Promise<Owner | undefined> => {
    const { intentId, symbol } = order;
    const submission = submissionOf(intentId);
    if (!submission) return undefined;
    const { side, price: limitPrice } = trade;
    const terms = order.terms ?? { side, quantity: order.filledQuantity, limitPrice };
    const intent = await journal.intents.recover({ intentId, ...submission, account, symbol, ...terms });
    logger.warn(
      { account, intentId, symbol, purpose: intent.purpose },
      'an order that these books did not send was recovered',
    );
    return { intent, recovered: true };
  };

  /** Since then the account is these books' alone. */
  const isSinceBound = async (at: number): Promise<boolean> => {
    const binding = await journal.bindings.read(account);
    return binding !== undefined && at >= binding.boundAt - CLOCKS_DIFFER_MS;
  };

  const hasNamelessIntent = async (symbol: string): Promise<boolean> =>
    (await journal.intents.listOpen(account)).some(
      (intent) => intent.symbol === symbol && intent.venueOrderId === undefined,
    );

  const due = createDueSymbols(() => trading.balances());
  const round = async (): Promise<boolean> => {
    if (!(await journal.exchange.acquireLease(account, holder, LEASE_MS))) return false;
    const held = (await journal.ledger.positions(account)).map(({ symbol }) => symbol);
    const listed = [...new Set([...symbols, ...held])].filter((symbol) => trading.listing(symbol) !== 'unlisted');
    for (const symbol of await due.of(listed)) if (!(await readSymbol(symbol))) return false;
    due.read();
    return true;
  };

  let last: Promise<unknown> = Promise.resolve();
  return {
    // One after the other: two at once would ask for the same trades twice.
    round() {
      const result = last.then(round);
      last = result.catch(() => undefined);
      return result;
    },
  };
}
