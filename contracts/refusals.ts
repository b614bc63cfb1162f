import { type Refusal, type RefusalCode, refusalCodes } from '../domain/orders/refusal.ts';

/** Where a limit is looked at: when a plan is made, which may make an order smaller, and at the fence, which refuses it. */
type Place = 'plan' | 'fence';

interface RefusalRow {
  by: readonly Place[];
  /** One sentence for a person. */
  why: string;
  /** What limit and value are. */
  numbers: string;
  /** What before and after of the plan's verdict are. */
  change?: string;
}

const both = ['plan', 'fence'] as const;
const plan = ['plan'] as const;
const fence = ['fence'] as const;

/** What each code says. docs/risk.md has it as a table. */
export const refusals: Readonly<Record<RefusalCode, RefusalRow>> = {
  TradingHalted: {
    by: both,
    why: 'Trading is halted until a person resumes it.',
    numbers: 'what it must be, what it is',
    change: 'open, none',
  },
  TradingReducing: {
    by: both,
    why: 'Only what reduces passes, until equity has recovered, nothing was held for a day, or a person resumes it.',
    numbers: 'what it must be, what it is',
    change: 'open, none',
  },
  LiveDisabled: { by: fence, why: 'Live trading is not enabled.', numbers: 'what it must be, what it is' },
  StaleEpoch: {
    by: both,
    why: 'There was a stop since the cycle began.',
    numbers: 'epoch now, epoch of the cycle',
    change: 'open, none',
  },
  SnapshotStale: {
    by: plan,
    why: 'What the agents saw is too old.',
    numbers: 'greatest age, age',
    change: 'open, none',
  },
  MarketDataStale: {
    by: plan,
    why: 'The prices of the decision are too old.',
    numbers: 'greatest age, age',
    change: 'open, none',
  },
  PriceMissing: {
    by: plan,
    why: 'A symbol that is held and traded has no price, so equity is not known.',
    numbers: 'bid and ask, none',
    change: 'open, none',
  },
  SymbolNotTrading: {
    by: plan,
    why: 'The exchange does not trade the symbol now.',
    numbers: "`TRADING`, the exchange's status",
    change: 'open, none',
  },
  NotInCycle: {
    by: plan,
    why: 'Other symbols were asked for, no market data came, or it was paid in: what is held of it stays.',
    numbers: 'what it would need, what it had',
    change: 'quantity',
  },
  NoQuorum: {
    by: plan,
    why: 'Too few agents were heard to say anything of what is held: it stays, and its protective exits with it.',
    numbers: 'signals (or share of the weight) needed, heard',
    change: 'quantity',
  },
  CoolDown: {
    by: plan,
    why: 'So many sales in a row lost that nothing opens for a while.',
    numbers: 'its end, now (UTC epoch milliseconds)',
    change: 'open, none',
  },
  DailyLoss: {
    by: plan,
    why: 'Equity has fallen too far since the day began.',
    numbers: "equity's floor, equity",
    change: 'trading state',
  },
  Drawdown: {
    by: plan,
    why: 'Equity has fallen too far from its peak.',
    numbers: "equity's floor, equity",
    change: 'trading state',
  },
  DrawdownRecovered: {
    by: plan,
    why: 'Equity has recovered, so orders may open again.',
    numbers: 'equity to be reached, equity',
    change: 'trading state',
  },
  DrawdownRested: {
    by: plan,
    why: 'Nothing was held for so long that no equity can recover by it, so orders may open again.',
    numbers: 'rest, time with nothing held',
    change: 'trading state',
  },
  SymbolExposure: {
    by: plan,
    why: 'One symbol would be too much of the equity.',
    numbers: 'share allowed, share asked for',
    change: 'amount',
  },
  PortfolioShare: {
    by: plan,
    why: 'One portfolio would be more than its share of the equity.',
    numbers: 'share allowed, share asked for',
    change: 'amount',
  },
  GrossExposure: {
    by: plan,
    why: 'All that is held would be too much of the equity.',
    numbers: 'share allowed, share asked for',
    change: 'amount',
  },
  ViewEnded: {
    by: plan,
    why: 'For a whole horizon no cycle has upheld the view that it is held on, so it is sold.',
    numbers: 'horizon, time since the view was last upheld',
    change: 'quantity',
  },
  MinHolding: {
    by: plan,
    why: 'A signal alone does not sell what was just bought.',
    numbers: 'holding time, age of the position',
    change: 'quantity',
  },
  ReentryPause: {
    by: both,
    why: 'The symbol was sold a moment ago.',
    numbers: 'pause, time since the last sale',
    change: 'amount',
  },
  LeftOut: {
    by: both,
    why: 'A person left the symbol out for a while: nothing is bought of it.',
    numbers: 'its end, now (UTC epoch milliseconds)',
    change: 'amount',
  },
  DailyTurnover: {
    by: both,
    why: 'The day would trade too much.',
    numbers: 'amount allowed, what it would come to',
    change: 'amount',
  },
  DailyFees: {
    by: both,
    why: 'The day would pay too much in fees.',
    numbers: 'amount allowed, what it would come to',
    change: 'amount',
  },
  OrderInFlight: {
    by: plan,
    why: 'An order on the symbol is on its way.',
    numbers: '0, orders on the symbol',
    change: "the order's state, wait",
  },
  SymbolFrozen: {
    by: both,
    why: 'It is not known what became of an order on the symbol.',
    numbers: '0, orders on the symbol; at the fence `resolved`, the order',
    change: "the order's state, wait",
  },
  OrderRate: {
    by: both,
    why: 'Too many orders were sent within a minute.',
    numbers: 'orders a minute, this one',
    change: 'amount',
  },
  TradeShare: {
    by: plan,
    why: 'What is held is too near to what is wanted to be worth its costs.',
    numbers: 'least amount, amount',
    change: 'amount',
  },
  OrderNotional: {
    by: both,
    why: 'The order is larger than one may be.',
    numbers: 'greatest amount, amount',
    change: 'amount',
  },
  FreeCash: { by: plan, why: 'There is not so much free cash.', numbers: 'free amount, amount', change: 'amount' },
  MinQuantity: {
    by: plan,
    why: 'The order has less than the exchange takes.',
    numbers: 'least quantity, quantity',
    change: 'quantity',
  },
  MinNotional: {
    by: plan,
    why: 'The order is worth less than the exchange takes, or than it should be.',
    numbers: 'least amount, amount',
    change: 'quantity',
  },
  MaxQuantity: {
    by: plan,
    why: 'The order has more than the exchange takes in one; the rest is for the next.',
    numbers: 'greatest quantity, quantity',
    change: 'quantity',
  },
  CostGate: {
    by: plan,
    why: 'The expected move does not pay for fee, spread and slippage.',
    numbers: 'cost, edge, as shares of the order',
    change: 'quantity',
  },
  MarketCollar: {
    by: plan,
    why: 'A market order would leave the price collar, so it becomes a limit order.',
    numbers: 'collar, worst price in the book',
    change: 'order type',
  },
  PriceCollar: { by: fence, why: "The price is worse than the leg's limit.", numbers: 'limit price, price' },
  IntentExists: {
    by: fence,
    why: 'This submission stands in the journal already.',
    numbers: 'none, its state',
  },
  PreviousSubmissionOpen: {
    by: fence,
    why: 'The submission before it has not come to its end.',
    numbers: 'terminal, its state',
  },
  LegOver: {
    by: fence,
    why: 'The leg sends another submission next, or none.',
    numbers: 'its next or last submission, this one',
  },
  OverLeg: { by: fence, why: 'The leg would send more than was planned.', numbers: 'quantity planned, quantity' },
  OtherLeg: { by: fence, why: 'The leg is not the one that was reserved.', numbers: 'a field as reserved, as asked' },
  NotReducing: {
    by: fence,
    why: 'An order that should reduce would sell more than is held, or buy.',
    numbers: 'quantity held, quantity',
  },
  NotReserved: { by: fence, why: 'Its capital is not reserved.', numbers: 'reserved, needed' },
};

/** One line, as the journal keeps a refusal and people read it. */
export function refusalText({ code, limit, value }: Refusal): string {
  return `${code}: limit ${limit}, value ${value}`;
}

const line = /^(\w+): limit (.*?), value (.*)$/s;

/** The refusal that such a line says; undefined for other words. */
export function refusalIn(text: string): Refusal | undefined {
  const [, said, limit = '', value = ''] = line.exec(text) ?? [];
  const code = refusalCodes.find((one) => one === said);
  return code && { code, limit, value };
}
