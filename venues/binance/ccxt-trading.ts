import type { binance } from 'ccxt';
import { z } from 'zod';
import { kindOf } from '../../contracts/ids.ts';
import { decimal, sum, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { FencedOrder } from '../../domain/orders/fenced-order.ts';
import type { IntentId, VenueOrderId } from '../../domain/orders/ids.ts';
import type { Fill, OrderState, OrderType } from '../../domain/orders/orders.ts';
import { createBreaker } from '../../runtime/telemetry/breaker.ts';
import { type TradingPort, VenueDoubt, type VenueOrder, VenueRejection, type VenueTrade } from '../port.ts';
import { accountIn } from './account-answer.ts';
import { amount, price, quantity } from './amount.ts';
import { capabilitiesOf, requestBudgetOf, restUrlOf, timed, venueClockOf } from './ccxt-client.ts';
import { instrumentOf } from './ccxt-market.ts';
import { classifyFault, venueCode } from './classify.ts';
import { readFeeRates } from './fee-rates.ts';
import { marketNameAt } from './market-name.ts';
import { loadMarkets } from './markets.ts';

const NO_SUCH_ORDER = [-2011, -2013];
/** Binance: "Order was canceled or expired with no executed qty over 90 days ago and has been archived." */
const ARCHIVED = -2026;

const idText = z.union([z.string(), z.number()]).transform(String);
const statusSchema = z.enum([
  'NEW',
  'PENDING_NEW',
  'PARTIALLY_FILLED',
  'FILLED',
  'CANCELED',
  'PENDING_CANCEL',
  'REJECTED',
  'EXPIRED',
  'EXPIRED_IN_MATCH',
]);

const orderSchema = z.looseObject({
  orderId: kindOf<VenueOrderId>(idText),
  clientOrderId: kindOf<IntentId>(z.string()),
  symbol: z.string(),
  status: statusSchema,
  executedQty: quantity,
  // No order is left unknown for want of these.
  side: z.enum(['BUY', 'SELL']).optional().catch(undefined),
  origQty: quantity.optional().catch(undefined),
  price: price.optional().catch(undefined),
});

const placedFillSchema = z.looseObject({
  price,
  qty: quantity,
  commission: amount,
  commissionAsset: z.string(),
  tradeId: idText,
});
const placedSchema = orderSchema.extend({ transactTime: z.coerce.number(), fills: z.array(placedFillSchema) });

const tradeSchema = z.looseObject({
  id: idText,
  orderId: kindOf<VenueOrderId>(idText),
  price,
  qty: quantity,
  commission: amount,
  commissionAsset: z.string(),
  time: z.coerce.number(),
  isBuyer: z.boolean(),
  isMaker: z.boolean(),
});

const accountSchema = z.object({
  balances: z.array(z.looseObject({ asset: z.string(), free: amount, locked: amount })),
});

const states: Record<z.output<typeof statusSchema>, OrderState> = {
  NEW: 'accepted',
  PENDING_NEW: 'accepted',
  PARTIALLY_FILLED: 'partially_filled',
  FILLED: 'filled',
  CANCELED: 'canceled',
  PENDING_CANCEL: 'pending_cancel',
  REJECTED: 'rejected',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
};

const touchSchema = z.looseObject({ bidPrice: price, askPrice: price });

/** Trades in one answer, at most. */
const TRADES_PAGE = 1_000;
/** The cursor is the id of the next trade, and the first one is not known before it happened. */
const FIRST_TRADE = '1';

/** Binance's order types and the parameters that each requires (developers.binance.com, "New order"). */
function venueTerms({ type, timeInForce, limitPrice, stopPrice = limitPrice }: FencedOrder): Record<string, string> {
  const byType: Record<OrderType, Record<string, string>> = {
    market: { type: 'MARKET' },
    limit: { type: 'LIMIT', timeInForce, price: limitPrice },
    post_only: { type: 'LIMIT_MAKER', price: limitPrice },
    stop: { type: 'STOP_LOSS_LIMIT', timeInForce: 'GTC', price: limitPrice, stopPrice },
  };
  return byType[type];
}

/** Trade ids are numbers that may be beyond what a float holds. */
function inOrder(one: string, other: string): number {
  const difference = BigInt(one) - BigInt(other);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/**
 * Trading through ccxt's raw endpoints, which keep the venue's decimals as text. Regular reads fail at once while the exchange is away, and
 * looks wait while its request weight is short; what has passed the fence, and what a stop needs (look-ups, cancels, open orders), is always
 * asked.
 */
export async function createCcxtTrading(client: binance): Promise<TradingPort> {
  const markets = await loadMarkets(client);
  const breaker = createBreaker('exchange', 'trading', (error) => classifyFault(error).outcome === 'unknown');
  const read = <T>(operation: string, request: () => Promise<T>): Promise<T> =>
    breaker
      .execute(() => timed(operation, request))
      .catch((error: unknown) => {
        markets.doubt(error);
        throw error;
      });
  const budget = requestBudgetOf(client);
  const look = async <T>(operation: string, request: () => Promise<T>): Promise<T> => {
    await budget.room();
    return read(operation, request);
  };
  const idOf = (symbol: string): string => String(client.market(symbol)['id']);

  const termsOf = ({ side, origQty, price: limit }: z.output<typeof orderSchema>): Pick<VenueOrder, 'terms'> =>
    side === undefined || origQty === undefined || limit === undefined
      ? {}
      : { terms: { side: side === 'BUY' ? 'buy' : 'sell', quantity: origQty, limitPrice: limit } };

  const toOrder = (raw: z.output<typeof orderSchema>, clientOrderId = raw.clientOrderId): VenueOrder => ({
    venueOrderId: raw.orderId,
    intentId: clientOrderId,
    symbol: client.safeSymbol(raw.symbol),
    state: states[raw.status],
    filledQuantity: raw.executedQty,
    ...termsOf(raw),
  });

  const toTrade = (symbol: string, trade: z.output<typeof tradeSchema>): VenueTrade => ({
    venue: client.id,
    symbol,
    tradeId: trade.id,
    venueOrderId: trade.orderId,
    side: trade.isBuyer ? 'buy' : 'sell',
    price: trade.price,
    quantity: trade.qty,
    fee: trade.commission,
    feeAsset: trade.commissionAsset,
    liquidity: trade.isMaker ? 'maker' : 'taker',
    filledAt: trade.time,
  });

  const findOrder = async (
    query: { symbol: string } & Record<string, string>,
    clientOrderId?: IntentId,
  ): Promise<VenueOrder | undefined> => {
    try {
      const answer = await timed('order', () => client.privateGetOrder(query));
      return toOrder(orderSchema.parse(answer), clientOrderId);
    } catch (error) {
      const code = venueCode(String(error)) ?? 0;
      if (code === ARCHIVED) return archived(query.symbol, clientOrderId);
      if (NO_SUCH_ORDER.includes(code)) return undefined;
      throw error;
    }
  };

  const archived = (symbol: string, clientOrderId: IntentId = tagged('')): VenueOrder => ({
    venueOrderId: undefined,
    intentId: clientOrderId,
    symbol: client.safeSymbol(symbol),
    state: 'canceled',
    filledQuantity: tagged('0'),
  });

  const clock = venueClockOf(client);
  const capabilities = capabilitiesOf(client);

  return {
    venue: client.id,
    capabilities,
    exchangeTime: clock.now,
    serverTime: clock.measure,
    hasRoom: budget.hasRoom,

    listing: markets.listing,
    instrument: (symbol) => instrumentOf(client, symbol),

    async touch(symbol) {
      const answer = await read('bookTicker', () => client.publicGetTickerBookTicker({ symbol: idOf(symbol) }));
      const { bidPrice, askPrice } = touchSchema.parse(answer);
      return { bid: bidPrice, ask: askPrice };
    },

    async place(order) {
      const { account, symbol, side, quantity, intentId, sentAt, sendBy } = order;
      // Never sent, which is no unknown end: nobody could be asked for it.
      if (markets.listing(symbol) === 'unlisted') {
        throw new VenueRejection('NotListed', `${client.id} lists no ${symbol}`);
      }
      const request = {
        symbol: idOf(symbol),
        side: side.toUpperCase(),
        ...venueTerms(order),
        quantity,
        newClientOrderId: intentId,
        newOrderRespType: 'FULL',
        selfTradePreventionMode: capabilities.selfTradePrevention,
        timestamp: sentAt,
        recvWindow: sendBy - sentAt,
      };
      const answer = await timed('place', () => client.privatePostOrder(request)).catch((error: unknown) => {
        markets.doubt(error);
        const fault = classifyFault(error);
        const Fault = fault.outcome === 'rejected' ? VenueRejection : VenueDoubt;
        throw new Fault(fault.code, fault.message, { cause: error });
      });
      const placed = placedSchema.parse(answer);
      const fills = placed.fills.map((fill): Fill => {
        return {
          venue: client.id,
          account,
          symbol,
          tradeId: fill.tradeId,
          intentId,
          side,
          price: fill.price,
          quantity: fill.qty,
          fee: fill.commission,
          feeAsset: fill.commissionAsset,
          liquidity: 'taker',
          filledAt: placed.transactTime,
        };
      });
      return { order: toOrder(placed), fills };
    },

    findOrder: (symbol, intentId) => findOrder({ symbol: idOf(symbol), origClientOrderId: intentId }, intentId),
    orderById: (symbol, venueOrderId) => findOrder({ symbol: idOf(symbol), orderId: venueOrderId }),

    async fillsOf({ account, symbol }, intentId, venueOrderId) {
      const answer = await timed('myTrades', () =>
        client.privateGetMyTrades({ symbol: idOf(symbol), orderId: venueOrderId }),
      );
      return z
        .array(tradeSchema)
        .parse(answer)
        .map((trade): Fill => {
          const { venueOrderId: _order, ...fill } = toTrade(symbol, trade);
          return { ...fill, account, intentId };
        });
    },

    async tradesFrom(symbol, cursor) {
      const query = { symbol: idOf(symbol), fromId: cursor ?? '0', limit: TRADES_PAGE };
      const answer = await look('myTrades', () => client.privateGetMyTrades(query));
      const trades = z
        .array(tradeSchema)
        .parse(answer)
        .map((trade) => toTrade(symbol, trade))
        .sort((one, other) => inOrder(one.tradeId, other.tradeId));
      const newest = trades.at(-1);
      const next = newest ? String(BigInt(newest.tradeId) + 1n) : (cursor ?? FIRST_TRADE);
      return { trades, next, isFull: trades.length === TRADES_PAGE };
    },

    async openOrders(symbol) {
      const answer = await timed('openOrders', () =>
        client.privateGetOpenOrders(symbol ? { symbol: idOf(symbol) } : {}),
      );
      return z
        .array(orderSchema)
        .parse(answer)
        .map((order) => toOrder(order));
    },

    async cancel(symbol, intentId) {
      try {
        await timed('cancel', () => client.privateDeleteOrder({ symbol: idOf(symbol), origClientOrderId: intentId }));
      } catch (error) {
        if (!NO_SUCH_ORDER.includes(venueCode(String(error)) ?? 0)) throw error;
      }
    },

    async balances() {
      const { balances } = accountSchema.parse(await look('account', () => client.privateGetAccount({})));
      const totals = balances.map(({ asset, free, locked }) => [asset, sum([decimal(free), decimal(locked)])] as const);
      return Object.fromEntries(
        totals.filter(([, total]) => !total.isZero()).map(([asset, total]) => [asset, text(total)]),
      );
    },

    feeRates: (symbols) => readFeeRates(client, symbols, read),

    async accountIdentity() {
      const market = await marketNameAt(client.id, restUrlOf(client));
      // Not a look that can wait: a worker that starts again while the weight is short would stay away.
      const answer = await read('account', () => client.privateGetAccount({ omitZeroBalances: 'true' }));
      return accountIn(answer, { venue: client.id, market });
    },
  };
}
