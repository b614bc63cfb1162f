import type { OutboxEvent } from '../../../stores/journal/books/outbox.ts';
import { type Account, createAccount } from './account.ts';
import { type Exact, exact, isNear, NOTHING, rounded, shown, times } from './exact.ts';
import { type ExchangeFill, type ExchangeRecords, fillKey } from './exchange.ts';

/** What the reports are recomputed from, in the order in which it was booked. */
export interface Told {
  sequence: number;
  /** By which a report counts its day. */
  at: number;
}

export interface Trade extends Told, ExchangeFill {
  cycleId: string | undefined;
  realized: Exact;
  /** In the quote currency; undefined where it is not known. */
  feeWorth: Exact | undefined;
}

export interface Flow extends Told {
  value: Exact;
  symbol: string | undefined;
  realized: Exact;
  /** What a person says that was moved, e.g. `-5 BTC`; undefined of what was booked out. */
  told: string | undefined;
}

export interface Mark extends Told {
  equity: Exact;
  highWater: Exact;
  /** Of each symbol that is held and has a price, its dust among it. */
  held: { symbol: string; value: Exact; unrealized: Exact }[];
}

export interface Walked {
  account: Account;
  trades: Trade[];
  flows: Flow[];
  marks: Mark[];
  /** What the books have otherwise. */
  differences: string[];
}

type Payload = Record<string, string> & {
  prices: Record<string, string>;
  balances: { asset: string; free: string; reserved: string; dust: string }[];
  positions: { symbol: string; quantity: string; dust: string }[];
  takenOut?: string;
  feeCost?: string;
};

const DAY_MS = 86_400_000;
/** Averages in the books have 34 digits. */
const PLACES = 18;

/**
 * Goes through what was booked in the order of the books, which an average cost depends on; everything that is counted is the exchange's own.
 * Of the books it takes the order alone, when dust was set apart, what a person said that something was worth, and prices of marks.
 */
export function walk(events: readonly OutboxEvent[], exchange: ExchangeRecords, currency: string): Walked {
  const account = createAccount(currency);
  const trades: Trade[] = [];
  const flows: Flow[] = [];
  const marks: Mark[] = [];
  const differences: string[] = [];
  const left = new Map(exchange.fills);
  let standing: { at: number; dayOpen: Exact; highWater: Exact; equity: Exact } | undefined;

  const differ = (what: string, ours: string | undefined, theirs: string): void => {
    if (ours !== theirs) differences.push(`${what}: booked ${ours ?? 'nothing'}, recomputed ${theirs}`);
  };
  const differNear = (what: string, ours: string | undefined, theirs: Exact, places = PLACES): void => {
    if (ours === undefined || !isNear(exact(ours), theirs, places)) differ(what, ours, shown(theirs));
  };

  const fill = ({ sequence, eventId, cycleId }: OutboxEvent, payload: Payload): void => {
    const { symbol = '', tradeId = '', intentId = '', feeAsset = '' } = payload;
    const key = fillKey(symbol, tradeId, intentId);
    const own = left.get(key);
    if (!own) return void differences.push(`${eventId} is no fill of the exchange, or is booked twice`);
    left.delete(key);
    differ(`${eventId} side`, payload['side'], own.side);
    differ(`${eventId} price`, shown(exact(payload['price'] ?? '0')), shown(own.price));
    differ(`${eventId} quantity`, shown(exact(payload['quantity'] ?? '0')), shown(own.quantity));
    differ(`${eventId} fee`, shown(exact(payload['fee'] ?? '0')), shown(own.fee));
    differ(`${eventId} fee asset`, payload['feeAsset'], own.feeAsset);
    differ(`${eventId} liquidity`, payload['liquidity'], own.liquidity);
    differ(`${eventId} time`, String(payload['filledAt']), String(own.at));
    const { realized, feeWorth } = account.trade(own);
    differNear(`${eventId} realised`, payload['realizedPnl'], realized);
    const isThird = !symbol.split('/').includes(feeAsset) && own.fee !== NOTHING;
    if (isThird && feeWorth !== undefined) differNear(`${eventId} worth of the fee`, payload.feeCost, feeWorth);
    if (isThird && feeWorth === undefined)
      differ(`${eventId} worth of the fee`, payload.feeCost ?? 'not known', 'not known');
    trades.push({ ...own, sequence, cycleId, realized, feeWorth });
  };

  /** A deposit is no gain, and a withdrawal no loss. */
  const moveMarks = (value: Exact): void => {
    if (!standing) return;
    standing.equity += value;
    standing.dayOpen += value;
    standing.highWater += value;
  };

  const flow = (
    { sequence, eventId }: OutboxEvent,
    { asset = '', amount = '', value = '', realizedPnl, at }: Payload,
  ): void => {
    const symbol = asset === currency ? undefined : `${asset}/${currency}`;
    const untraded = symbol !== undefined && !exchange.symbols.includes(symbol);
    const realized = account.flow({ asset, amount: exact(amount), value: exact(value), untraded });
    differNear(`${eventId} realised`, realizedPnl, realized);
    moveMarks(exact(value));
    flows.push({
      sequence,
      at: Number(at),
      value: exact(value),
      symbol,
      realized,
      told: `${shown(exact(amount))} ${asset}`,
    });
  };

  const bookOut = ({ sequence, eventId }: OutboxEvent, payload: Payload): void => {
    const { symbol = '', value = '', kept = '', quantity = '', realizedPnl, takenOut, at } = payload;
    const before = account.holding(symbol);
    differ(`${eventId} quantity`, quantity, shown(before.quantity + before.dust));
    const done = account.bookOut(symbol, exact(value), exact(kept));
    differNear(`${eventId} realised`, realizedPnl, done.realized);
    differNear(`${eventId} taken out`, takenOut, done.takenOut);
    moveMarks(-done.takenOut);
    flows.push({ sequence, at: Number(at), value: -done.takenOut, symbol, realized: done.realized, told: undefined });
  };

  const mark = ({ sequence, eventId }: OutboxEvent, payload: Payload): void => {
    const { prices, balances, positions } = payload;
    const at = Number(payload['at']);
    const priceOf = (symbol: string): Exact | 'not traded' =>
      prices[symbol] === undefined ? 'not traded' : exact(prices[symbol]);
    // A market that is open and has no price at the moment leaves dust out: it is too little to wait for.
    const withoutDust = (symbol: string): Exact | 'not traded' => {
      const price = priceOf(symbol);
      return price === 'not traded' && account.holding(symbol).quantity === NOTHING ? NOTHING : price;
    };
    const known = [priceOf, withoutDust].map((by) => rounded(account.equity(by), 8));
    const equity = known.find((one) => isNear(exact(payload['equity'] ?? '0'), one, 8)) ?? known[0] ?? NOTHING;
    differNear(`${eventId} equity`, payload['equity'], equity, 8);
    const isNewDay = !standing || Math.floor(standing.at / DAY_MS) < Math.floor(at / DAY_MS);
    standing = {
      at,
      equity,
      dayOpen: standing && !isNewDay ? standing.dayOpen : equity,
      highWater: standing && standing.highWater > equity ? standing.highWater : equity,
    };
    differNear(`${eventId} equity at the day's beginning`, payload['dayOpen'], standing.dayOpen, 8);
    differNear(`${eventId} highest equity`, payload['highWater'], standing.highWater, 8);
    for (const { asset, free, reserved, dust } of balances) {
      const booked = exact(free) + exact(reserved) + exact(dust);
      differ(`${eventId} ${asset}`, shown(booked), shown(account.balances.get(asset) ?? NOTHING));
    }
    for (const { symbol, quantity, dust } of positions) {
      const held = account.holding(symbol);
      differ(`${eventId} ${symbol}`, `${quantity} and ${dust}`, `${shown(held.quantity)} and ${shown(held.dust)}`);
    }
    const held = account.symbols.flatMap((symbol) => {
      const { quantity, cost, dust, dustCost } = account.holding(symbol);
      const price = priceOf(symbol);
      if ((quantity === NOTHING && dust === NOTHING) || price === 'not traded') return [];
      const value = times(quantity + dust, price);
      return [{ symbol, value, unrealized: value - cost - dustCost }];
    });
    marks.push({ sequence, at, equity, highWater: standing.highWater, held });
  };

  for (const event of events) {
    const payload = event.payload as Payload;
    if (event.kind === 'fill.booked') fill(event, payload);
    else if (event.kind === 'capital.deposited' || event.kind === 'capital.withdrawn') flow(event, payload);
    else if (event.kind === 'position.booked_out') bookOut(event, payload);
    else if (event.kind === 'equity.marked') mark(event, payload);
    else if (event.kind === 'dust.swept')
      differ(event.eventId, payload['quantity'], shown(account.sweep(payload['symbol'] ?? '')));
    else if (
      event.kind === 'trading.resumed' &&
      standing &&
      (event.payload as { marksReset?: boolean }).marksReset === true
    ) {
      standing.dayOpen = standing.equity;
      standing.highWater = standing.equity;
    }
  }
  for (const key of left.keys()) differences.push(`fill ${key} of the exchange is not booked`);
  return { account, trades, flows, marks, differences };
}
