import { z } from 'zod';

const money = z.string().describe('Decimal text, in the currency of the account');
const decimal = z.string().describe('Decimal text');
const at = z.number().describe('UTC epoch milliseconds');
const byAsset = z.record(z.string(), decimal);
const side = z.enum(['buy', 'sell']);

const marks = z.object({ equity: money, dayOpen: money, highWater: money, guardPeak: money.optional(), at });

export const fillSchema = z.object({
  venue: z.string(),
  symbol: z.string(),
  tradeId: z.string(),
  intentId: z.string().describe('The order'),
  side,
  price: decimal,
  quantity: decimal,
  fee: decimal,
  feeAsset: z.string(),
  liquidity: z.enum(['maker', 'taker']),
  filledAt: at,
});

const position = z.object({
  symbol: z.string(),
  quantity: decimal.describe('What can be sold'),
  averageCost: decimal.describe('Fees included'),
  realizedPnl: money,
  unrealizedPnl: money.optional().describe('At the newest known price, dust included; missing without one'),
  price: decimal.optional(),
  pricedAt: at.optional(),
  dust: decimal.describe('Too small to be sold'),
  dustCost: money,
  openedAt: at,
});

export const portfolioSchema = z.object({
  account: z.string(),
  currency: z.string(),
  worth: z.object({ amount: money, pricedAt: at.optional() }).optional().describe('At the newest known prices'),
  equity: money.optional().describe('At the last mark'),
  pnl: money.optional().describe('Since deposits, at the last mark, after fees'),
  profit: z.object({ realized: money, unrealized: money.optional(), sinceDeposits: money.optional() }),
  marks: marks.optional(),
  deposits: byAsset,
  paidIn: money,
  fees: byAsset,
  modelCostUsd: decimal.describe('Paid elsewhere, and no part of the profit'),
  balances: z.array(z.object({ asset: z.string(), free: decimal, reserved: decimal, dust: decimal })),
  positions: z.array(position),
  kept: z.array(z.string()).describe('Paid in and not traded here: no cycle and no exit sells it'),
});

export const positionsSchema = z.array(
  position.extend({
    exits: z
      .array(
        z.object({
          kind: z.enum(['stop_loss', 'trailing_stop', 'take_profit', 'time_limit']),
          livesIn: z.enum(['sapphire', 'exchange']).describe('Whether it needs Sapphire to run'),
          price: decimal.optional(),
          at: at.optional(),
          by: z.string().describe('The workflow that watches, or the order that rests'),
        }),
      )
      .optional()
      .describe('Missing while nobody tells: see degraded'),
  }),
);

export const orderSchema = z.object({
  intentId: z.string(),
  legId: z.string(),
  cycleId: z.string(),
  symbol: z.string(),
  side,
  purpose: z.string(),
  type: z.string(),
  quantity: decimal,
  limitPrice: decimal,
  stopPrice: decimal.optional(),
  filledQuantity: decimal,
  state: z.string(),
  detail: z.string(),
  createdAt: at,
  updatedAt: at,
});

export const tradeSchema = z.object({
  symbol: z.string(),
  openedAt: at.optional(),
  closedAt: at.optional().describe('Missing while something of it is held'),
  durationMs: z.number().optional(),
  bought: decimal,
  sold: decimal,
  entry: decimal.optional(),
  exit: decimal.optional(),
  fees: byAsset,
  profit: money.optional().describe('After fees'),
  reason: z.string().optional().describe('Why it was sold'),
  exits: z
    .object({
      stopLoss: decimal.optional(),
      trailingStop: decimal.optional(),
      takeProfit: decimal.optional(),
      closesAt: at.optional(),
    })
    .optional(),
});

const lastChange = z.object({ by: z.string(), reason: z.string(), changedAt: at, version: z.int() }).optional();

export const riskSchema = z.object({
  account: z.string(),
  currency: z.string(),
  version: z.int(),
  lastChange,
  trading: z.object({
    state: z.enum(['active', 'reducing', 'halted']),
    epoch: z.int(),
    reason: z.string(),
    by: z.string(),
  }),
  marks: marks.optional(),
  day: z.object({ opening: money.optional(), turnover: money, fees: money }),
  exposure: z.object({
    bySymbol: z.array(
      z.object({ symbol: z.string(), booked: money.optional(), working: money, exposure: money.optional() }),
    ),
    gross: money.optional(),
    pricedAt: at.optional(),
  }),
  limits: z.array(
    z.object({
      key: z.string(),
      limit: z.unknown().describe('As the configuration has it'),
      current: z.string().optional().describe('Where the account stands now, in the unit of the limit'),
    }),
  ),
  faults: z.array(z.string()),
});

export const policySchema = z.object({ version: z.int(), lastChange, policy: z.record(z.string(), z.unknown()) });

export const candlesSchema = z.object({
  symbol: z.string(),
  timeframe: z.string(),
  seenAt: at.describe('When the newest cycle saw them'),
  candles: z.array(
    z.object({ openAt: at, open: decimal, high: decimal, low: decimal, close: decimal, volume: decimal }),
  ),
  fills: z.array(fillSchema).describe('Ours, from the first candle on'),
});
