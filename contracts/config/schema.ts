import { z } from 'zod';
import { type AgentParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { timeframes } from '../../domain/market/timeframes.ts';
import type { Portfolio } from '../../domain/portfolio/allocation.ts';
import { FEE_RESERVE_RATE } from '../../domain/portfolio/reservation.ts';
import { agentIds, isSeat, type SeatId } from '../../domain/signals/agents.ts';
import { assetText, isAtMost, isEachOnce, positiveDecimalText, symbolText } from '../decimal-text.ts';
import { type PolicySettings, participationConfigurationSchema, withSettings } from '../participation.ts';
import { roles } from '../roles.ts';
import { MAX_SYMBOLS } from '../snapshot.ts';
import { agentsSchema } from './agents.ts';
import { apiSchema } from './api.ts';
import { contradictions } from './contradictions.ts';
import { hostText } from './host.ts';
import { paperExchangeSchema } from './paper-exchange.ts';
import { retentionSchema } from './retention.ts';
import { warehouseSchema } from './warehouse.ts';

const port = z.int().min(1).max(65_535);
const fraction = z.number().min(0).max(1);
/** Of which 0 would be met at once, or nothing at all. */
const positiveFraction = z.number().positive('must be above 0: of 0 it would be met at once, or leave nothing').max(1);
/** A fall: of 0 it has come before anything happened, of 1 it never comes. */
const fall = z
  .number()
  .positive('must be above 0: of 0 it would sell what has just been bought')
  .lt(1, 'must be below 1: no price falls so far, and nothing would be sold');

const cycleSchema = z.strictObject({
  /** From one cycle to the next. Below half a minute an order of unknown end could outlast its cycle. */
  intervalSeconds: z.int().min(30).max(86_400).default(30),
  /** How far ahead the agents look. */
  horizonMinutes: z.int().min(1).max(10_080).default(60),
  /** Length of the candles on which it is decided. */
  timeframe: z.enum(timeframes, `must be one of ${timeframes.join(', ')}`).default('1m'),
  /** Of those, in the snapshot. */
  candles: z.int().min(30).max(400).default(120),
  /** Book levels of each side in the snapshot. */
  bookLevels: z.int().min(1).max(50).default(10),
  /** Whether funding and open interest of the perpetual markets stand beside real prices. Where it is left out, wherever they are public. */
  perpetuals: z.boolean().optional(),
});

/** Amounts are in the quote currency, shares are fractions of equity. */
export const riskSchema = z
  .strictObject({
    maxSymbolExposure: fraction.default(0.3),
    maxGrossExposure: fraction.default(0.8),
    maxOrderNotional: positiveDecimalText.default('2500'),
    minOrderNotional: positiveDecimalText.default('10'),
    /** A rebalancing below this share of equity is not worth an order. */
    minTradeShare: fraction.default(0.01),
    maxOrdersPerMinute: z.int().min(1).default(30),
    /** Distance of the limit price from the best price, in basis points. */
    priceCollarBps: z.number().min(0).max(1_000).default(20),
    /** Costs are multiplied by one plus this before they are held against the edge. */
    costBuffer: z.number().min(0).max(10).default(0.2),
    /** Of what the agents saw, at the decision: more than they have for their answers. */
    maxSnapshotAgeSeconds: z.number().positive().max(3_600).default(60),
    /** Of the books and statuses that are read for the decision itself: up to a second beside the consensus, and the plan takes its time. */
    maxPriceAgeSeconds: z.number().min(2).max(60).default(10),
    /** Fall of equity since the day's reset that halts trading until a person resumes it. */
    maxDailyLoss: positiveFraction.default(0.05),
    /** Hour, UTC, at which the day's equity is taken. */
    dayResetHour: z.int().min(0).max(23).default(0),
    /** Fall of equity from its peak at which only reducing orders pass, and at which trading halts. */
    reduceDrawdown: positiveFraction.default(0.06),
    maxDrawdown: z
      .number()
      .positive('must be above 0: of 0 it would be met at once')
      .lt(0.1, 'must be below 0.1: a drawdown halts before a tenth of the equity is lost')
      .default(0.09),
    /** So many losing sales in a row, and nothing is opened for a while. */
    maxLossStreak: z.int().min(1).max(20).default(4),
    coolDownMinutes: z.int().min(0).max(10_080).default(60),
    /** So long a signal alone sells nothing of a position. What protects, flattens or reduces for a limit's sake never waits. */
    minHoldingSeconds: z.int().min(0).max(86_400).default(300),
    /** So long nothing opens in a symbol after its last sale. */
    reentryPauseSeconds: z.int().min(0).max(86_400).default(600),
    /** Value of all that is traded in a day, as a multiple of the equity that it began with, after which nothing opens. */
    maxDailyTurnover: z.number().positive('must be above 0: of 0 nothing would ever open').max(1_000).default(5),
    /** Fees of a day, as a fraction of the same equity, after which nothing opens. */
    maxDailyFees: positiveFraction.default(0.005),
  })
  .refine(({ reduceDrawdown, maxDrawdown }) => reduceDrawdown <= maxDrawdown, {
    path: ['reduceDrawdown'],
    message: 'must not be above maxDrawdown: trading reduces before it halts',
  })
  .refine(({ minOrderNotional, maxOrderNotional }) => isAtMost(minOrderNotional, maxOrderNotional), {
    path: ['minOrderNotional'],
    message: 'must not be above maxOrderNotional: no order would ever be allowed',
  })
  // An exposure of 0 is a wish to hold nothing more.
  .refine(({ minTradeShare, maxSymbolExposure: most }) => most === 0 || minTradeShare <= most, {
    path: ['minTradeShare'],
    message: 'must not be above maxSymbolExposure: nothing would ever be worth an order',
  })
  .refine(({ minTradeShare, maxGrossExposure: most }) => most === 0 || minTradeShare <= most, {
    path: ['minTradeShare'],
    message: 'must not be above maxGrossExposure: nothing would ever be worth an order',
  })
  .refine(({ minTradeShare, maxDailyTurnover }) => minTradeShare <= maxDailyTurnover, {
    path: ['maxDailyTurnover'],
    message: 'must not be below minTradeShare: the least order would be more than a day may trade',
  })
  .refine(({ minTradeShare, maxDailyFees }) => minTradeShare * Number(FEE_RESERVE_RATE) <= maxDailyFees, {
    path: ['maxDailyFees'],
    message: `must not be below minTradeShare times ${FEE_RESERVE_RATE}, what is reserved for a fee: the least order would cost more than a day may pay`,
  });

export type RiskSettings = z.output<typeof riskSchema>;

const allocationSchema = z.strictObject({
  /** `kelly`: a fraction of the Kelly stake. `volatility`: what keeps a symbol's volatility at the target. */
  method: z.enum(['kelly', 'volatility']).default('kelly'),
  kellyFraction: positiveFraction.default(0.25),
  /** Volatility over a year that each symbol may bring, as a fraction of its share. */
  targetVolatility: z.number().positive().max(5).default(0.5),
  /** Each has its share of equity and its symbols; without any, one has everything. */
  portfolios: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be a short lower-case name, e.g. core'),
        share: positiveFraction,
        symbols: z.array(symbolText).min(1),
      }),
    )
    .min(1)
    .refine((parts) => isEachOnce(parts.map(({ name }) => name)), 'must have a name of its own each')
    .optional(),
});

/** Fractions of the average cost; a barrier that is left out does not exist. */
const protectionSchema = z.strictObject({
  enabled: z.boolean().default(true),
  stopLoss: fall.optional(),
  takeProfit: z.number().positive('must be above 0: of 0 it would sell what has just been bought').max(100).optional(),
  /** Fall from the highest price since the entry. */
  trailingStop: fall.optional(),
  timeLimitMinutes: z.int().min(1).max(525_600).optional(),
});

const executionSchema = z.strictObject({
  /** `limit`: at the collar, at once. `chase`: rests at the best price, is priced again, and takes in its last submission. */
  style: z.enum(['limit', 'market', 'chase', 'post_only']).default('limit'),
  /** Of the style `limit`. */
  timeInForce: z.enum(['IOC', 'FOK', 'GTC']).default('IOC'),
  /** How long an order may rest before it is cancelled, or priced again. */
  restSeconds: z.int().min(1).max(3_600).default(20),
  /** Submissions of a chase, the last of which takes. */
  chaseSubmissions: z.int().min(2).max(20).default(3),
  /** Larger orders are worked in slices of equal time (TWAP). Above the default order limit: slicing is for larger accounts. */
  sliceAboveNotional: positiveDecimalText.default('5000'),
  slices: z.int().min(2).max(50).default(3),
  sliceSeconds: z.int().min(1).max(600).default(2),
  /** What becomes of the legs before a failed one: closed again, or kept. */
  onLegFailure: z.enum(['flatten', 'hold']).default('flatten'),
});

const accessSchema = z.strictObject({
  /**
   * What becomes of a workflow, signal, update or activity that reaches Temporal from elsewhere than this installation. `refuse` is the only one
   * in live mode, and `allow` the default on paper. A stop is anybody's in both.
   */
  foreignStarts: z.enum(['allow', 'refuse']).optional(),
});

const shortLived = z.looseObject({
  protection: z.looseObject({ enabled: z.literal(true).optional(), timeLimitMinutes: z.int().min(1) }),
  risk: z.looseObject({ minHoldingSeconds: z.undefined().optional() }).optional(),
});

/** A default gives way to what is written: of a position's time, the holding time that nobody wrote takes half at most. */
function withFittingDefaults(value: unknown): unknown {
  const { data } = shortLived.safeParse(value);
  if (!data) return value;
  const { minHoldingSeconds } = riskSchema.parse({});
  const half = data.protection.timeLimitMinutes * 30;
  return { ...data, risk: { ...data.risk, minHoldingSeconds: Math.min(minHoldingSeconds, half) } };
}

const writtenSchema = z
  .strictObject({
    profile: z.enum(['development', 'production']).default('development'),
    mode: z.enum(['paper', 'live']).default('paper'),
    /** Takes every agent at its word, without a record of its own, so that the machinery is seen at work on a paper account. */
    demo: z.boolean().default(false),
    /** By whose protocol Sapphire trades, paper and live. An account stays at the venue at which it was opened. */
    venue: z.enum(['binance']).default('binance'),
    /** Name of the trading account in the books. */
    account: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be a short lower-case name, e.g. main')
      .default('main'),
    currency: assetText.default('USDT'),
    symbols: z
      .array(symbolText)
      .min(1)
      .max(MAX_SYMBOLS, `may name ${MAX_SYMBOLS} at most: cycles of more are not proven`)
      .refine(isEachOnce, 'must name each symbol once')
      .default(['BTC/USDT', 'ETH/USDT']),
    /** Free cash that the paper account opens with. */
    paperBalance: positiveDecimalText.default('10000'),
    cycle: cycleSchema.prefault({}),
    risk: riskSchema.prefault({}),
    allocation: allocationSchema.prefault({}),
    execution: executionSchema.prefault({}),
    protection: protectionSchema.prefault({ stopLoss: 0.03, takeProfit: 0.06, timeLimitMinutes: 720 }),
    participation: participationConfigurationSchema.prefault({}),
    agents: agentsSchema.prefault({}),
    coordinator: z.strictObject({ host: hostText.default('127.0.0.1'), port: port.default(8081) }).prefault({}),
    api: apiSchema.prefault({}),
    access: accessSchema.prefault({}),
    retention: retentionSchema.prefault({}),
    warehouse: warehouseSchema.prefault({}),
    paperExchange: paperExchangeSchema.prefault({}),
    /** First port of the processes' own /healthz and /metrics; each role adds its place in the list of roles. */
    operationsPort: z
      .int()
      .min(1)
      .max(65_535 - 2 * roles.length + 1, 'must leave room for the ports of all roles above it')
      .default(9460),
    logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
  })
  .refine((value) => value.symbols.every((symbol) => symbol.endsWith(`/${value.currency}`)), {
    path: ['symbols'],
    message: 'every symbol must be quoted in the configured currency',
  })
  .refine(({ mode, demo }) => mode === 'paper' || !demo, {
    path: ['demo'],
    message:
      'must be false, or be left out, where real money is traded: it takes agents without a record at their word',
  })
  .refine(({ mode, access }) => mode === 'paper' || access.foreignStarts !== 'allow', {
    path: ['access', 'foreignStarts'],
    message: 'must be refuse, or be left out, where real money is traded',
  })
  .superRefine((settings, context) => {
    for (const found of contradictions(settings)) context.addIssue({ code: 'custom', ...found });
  })
  .superRefine(({ participation: { agents } }, context) => {
    for (const name of Object.keys(agents).filter((id) => !isSeat(id))) {
      const path = ['participation', 'agents', name];
      const message = `there is no such agent; the agents are ${agentIds.join(', ')}, and guests are invited with "./sapphire agents invite"`;
      context.addIssue({ code: 'custom', path, message });
    }
  })
  .superRefine(({ allocation: { portfolios: parts = [] }, symbols }, context) => {
    const refuse = (path: PropertyKey[], message: string): void => context.addIssue({ code: 'custom', path, message });
    const shares = parts.reduce((total, { share }) => total + share, 0);
    if (shares > 1 + 1e-9)
      refuse(['allocation', 'portfolios'], `shares add up to ${shares.toFixed(4)}, at most 1 is allowed`);
    const named = parts.flatMap((part) => part.symbols);
    for (const symbol of new Set(named)) {
      if (!symbols.includes(symbol))
        refuse(['allocation', 'portfolios'], `${symbol} is not among the configured symbols`);
      if (named.filter((one) => one === symbol).length > 1) {
        refuse(['allocation', 'portfolios'], `${symbol} stands in two portfolios: each symbol belongs to one`);
      }
    }
  });

/** The trading configuration as its file has it. */
export const configurationSchema = z.preprocess(withFittingDefaults, writtenSchema);
export type Configuration = z.output<typeof configurationSchema>;

export function refusesForeignStarts({ mode, access }: Pick<Configuration, 'mode' | 'access'>): boolean {
  return mode === 'live' || access.foreignStarts === 'refuse';
}

/** One with everything where none is configured. */
export function portfolios({
  allocation,
  symbols,
}: Pick<Configuration, 'allocation' | 'symbols'>): readonly Portfolio[] {
  return allocation.portfolios ?? [{ name: 'main', share: 1, symbols }];
}

/** How a consensus is formed where no person has said otherwise. */
export function configuredPolicy({
  participation,
  profile,
}: Pick<Configuration, 'participation' | 'profile'>): PolicySettings {
  const { agents: _agents, quorumCount, ...policy } = participation;
  return { ...policy, quorumCount: quorumCount ?? (profile === 'production' ? 3 : 1) };
}

/** Who takes part where no person has said otherwise. */
export function configuredParticipation({
  participation: { agents },
}: Pick<Configuration, 'participation'>): Record<SeatId, AgentParticipation> {
  return perAgent((agentId) => withSettings(agentId, agents[agentId] ?? {}));
}
