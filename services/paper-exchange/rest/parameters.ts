import { z } from 'zod';
import { orderTypes, preventionModes, timesInForce } from '../../../venues/simulated/engine/types.ts';
import { parseUnits } from '../../../venues/simulated/engine/units.ts';
import { ApiError, refuse } from './errors.ts';

/** Raw parameters of a request, from the query string, the form body or the WebSocket API. */
export type RawParameters = Record<string, string>;

const DECIMAL_RANGE = '^([0-9]{1,20})(\\.[0-9]{1,20})?$';
const INTEGER_RANGE = '^[0-9]{1,20}$';
/** Assets are named in any script, e.g. 币安人生USDT. */
const SYMBOL_RANGE = '^[\\p{Lu}\\p{Lo}\\p{Nd}_.-]{1,40}$';
const CLIENT_ID_RANGE = '^[a-zA-Z0-9-_]{1,36}$';

/** A faulty field says which refusal it means; the path of the issue gives the name. */
const fault = {
  decimal: `range ${DECIMAL_RANGE}`,
  integer: `range ${INTEGER_RANGE}`,
  symbol: `range ${SYMBOL_RANGE}`,
  clientId: `range ${CLIENT_ID_RANGE}`,
  precision: 'precision',
  invalid: 'invalid',
  unsupported: 'unsupported',
} as const;

/** Orders that the exchange's information says it has not, in Binance's words. */
const rejected = {
  iceberg: 'Iceberg orders are not supported for this symbol.',
  trailing: 'Trailing stop orders are not supported for this symbol.',
  pegged: 'Pegged orders are not supported for this symbol.',
};

const decimalUnits = z
  .string()
  .regex(new RegExp(DECIMAL_RANGE), fault.decimal)
  .transform((text, context) => {
    const units = parseUnits(text);
    if (units !== undefined) return units;
    context.issues.push({ code: 'custom', message: fault.precision, input: text });
    return z.NEVER;
  });

const integer = z.string().regex(new RegExp(INTEGER_RANGE), fault.integer).transform(Number);
const symbol = z.string().regex(new RegExp(SYMBOL_RANGE, 'u'), fault.symbol);
const clientId = z.string().regex(new RegExp(CLIENT_ID_RANGE), fault.clientId);
const limit = (standard: number, most: number) =>
  integer
    .optional()
    .transform((value) => Math.min(value ?? standard, most))
    .refine((value) => value > 0, fault.invalid);
const flag = z
  .enum(['true', 'false'])
  .optional()
  .transform((value) => value === 'true');
const symbolList = z
  .string()
  .optional()
  .transform((text, context): string[] | undefined => {
    if (text === undefined) return undefined;
    try {
      return z.array(symbol).min(1).parse(JSON.parse(text));
    } catch {
      context.issues.push({ code: 'custom', message: fault.invalid, input: text });
      return z.NEVER;
    }
  });

/** A parameter of Binance's that is known and refused; `standard` is what says the same as leaving it out. */
const absent = (message: string = fault.unsupported, standard?: RegExp) =>
  z
    .string()
    .refine((text) => standard?.test(text), message)
    .optional();

const window = { startTime: integer.optional(), endTime: integer.optional() };

const newOrder = z.object({
  symbol,
  side: z.enum(['BUY', 'SELL'], 'side'),
  type: z.enum(orderTypes, 'type'),
  timeInForce: z.enum(timesInForce, 'timeInForce').optional(),
  quantity: decimalUnits.optional(),
  quoteOrderQty: decimalUnits.optional(),
  price: decimalUnits.optional(),
  stopPrice: decimalUnits.optional(),
  newClientOrderId: clientId.optional(),
  newOrderRespType: z.enum(['ACK', 'RESULT', 'FULL'], fault.invalid).optional(),
  selfTradePreventionMode: z.enum(preventionModes, 'prevention').optional(),
  icebergQty: absent(rejected.iceberg, /^0+(\.0*)?$/),
  trailingDelta: absent(rejected.trailing),
  pegPriceType: absent(rejected.pegged),
  pegOffsetType: absent(rejected.pegged),
  pegOffsetValue: absent(rejected.pegged),
  strategyId: absent(),
  strategyType: absent(),
});

const oneOrder = z.object({ symbol, orderId: integer.optional(), origClientOrderId: clientId.optional() });

const cancelRestrictions = z.enum(['ONLY_NEW', 'ONLY_PARTIALLY_FILLED'], 'cancelRestrictions').optional();
const cancelOrder = oneOrder.extend({ newClientOrderId: clientId.optional(), cancelRestrictions });

const tickers = z.object({ symbol: symbol.optional(), symbols: symbolList, symbolStatus: absent() });

export const schemas = {
  none: z.object({}),
  signed: z.object({ timestamp: integer, recvWindow: z.string().optional() }),
  exchangeInfo: z.object({
    symbol: symbol.optional(),
    symbols: symbolList,
    permissions: absent(),
    showPermissionSets: absent(fault.unsupported, /^true$/),
    symbolStatus: absent(),
  }),
  tickers,
  dayTickers: tickers.extend({ type: z.enum(['FULL', 'MINI'], fault.invalid).optional() }),
  symbol: z.object({ symbol }),
  depth: z.object({ symbol, limit: limit(100, 5_000), symbolStatus: absent() }),
  trades: z.object({ symbol, limit: limit(500, 1_000) }),
  historicalTrades: z.object({ symbol, limit: limit(500, 1_000), fromId: integer.optional() }),
  aggTrades: z.object({ symbol, limit: limit(500, 1_000), fromId: integer.optional(), ...window }),
  klines: z.object({
    symbol,
    interval: z.string(),
    limit: limit(500, 1_000),
    ...window,
    timeZone: absent(fault.unsupported, /^[+-]?0{1,2}(:00)?$/),
  }),
  newOrder,
  testOrder: newOrder.extend({ computeCommissionRates: absent(fault.unsupported, /^false$/) }),
  oneOrder,
  cancelOrder,
  cancelReplace: newOrder.extend({
    cancelReplaceMode: z.enum(['STOP_ON_FAILURE', 'ALLOW_FAILURE'], fault.invalid),
    cancelOrderId: integer.optional(),
    cancelOrigClientOrderId: clientId.optional(),
    cancelNewClientOrderId: clientId.optional(),
    cancelRestrictions,
    orderRateLimitExceededMode: absent(fault.unsupported, /^DO_NOTHING$/),
  }),
  openOrders: z.object({ symbol: symbol.optional() }),
  allOrders: z.object({ symbol, orderId: integer.optional(), limit: limit(500, 1_000), ...window }),
  allOrderLists: z.object({ fromId: integer.optional(), limit: limit(500, 1_000), ...window }),
  myTrades: z.object({
    symbol,
    orderId: integer.optional(),
    fromId: integer.optional(),
    limit: limit(500, 1_000),
    ...window,
  }),
  prevented: z.object({
    symbol,
    orderId: integer.optional(),
    preventedMatchId: integer.optional(),
    fromPreventedMatchId: integer.optional(),
    limit: limit(500, 1_000),
  }),
  account: z.object({ omitZeroBalances: flag }),
  listenKey: z.object({ listenKey: z.string() }),
} as const;

/** What the parameters of this name are read to. */
export type Query<Name extends keyof typeof schemas> = z.output<(typeof schemas)[Name]>;

export type Security = 'none' | 'key' | 'signed';

/** What a request carries beside the parameters of its operation, by its security. */
const envelopes: Readonly<Record<Security, readonly string[]>> = {
  none: [],
  key: [],
  signed: ['timestamp', 'recvWindow', 'signature'],
};

/**
 * The parameters of a whole request. One that is unknown is refused before any other fault, as at Binance: a client that misspelt a condition
 * must not trade without it.
 */
export function readAll<Schema extends z.ZodObject>(
  schema: Schema,
  raw: RawParameters,
  security: Security,
): z.output<Schema> {
  const sent = Object.keys(raw);
  const allowed = [...Object.keys(schema.shape), ...envelopes[security]];
  if (allowed.length === 0 && sent.length > 0) throw refuse.tooMany(sent.length);
  const known = sent.filter((name) => allowed.includes(name));
  if (known.length < sent.length) throw refuse.unread(known.length, sent.length);
  return read(schema, raw);
}

/** Parses parameters or throws the refusal that Binance gives for the first faulty one. */
export function read<Schema extends z.ZodType>(schema: Schema, raw: RawParameters): z.output<Schema> {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = String(issue?.path[0] ?? '');
  if (!issue || raw[name] === undefined || raw[name] === '') throw refuse.mandatory(name);
  throw refusalOf(name, issue.message);
}

function refusalOf(name: string, message: string): ApiError {
  if (message.startsWith('range ')) return refuse.illegal(name, message.slice('range '.length));
  switch (message) {
    case fault.precision:
      return refuse.precision(name);
    case fault.unsupported:
      return refuse.unsupported(name);
    case rejected.iceberg:
    case rejected.trailing:
    case rejected.pegged:
      return refuse.rejected(message);
    case 'side':
      return refuse.side();
    case 'type':
      return refuse.orderType();
    case 'timeInForce':
      return refuse.timeInForce();
    case 'cancelRestrictions':
      return new ApiError(-1145, 'Invalid cancelRestrictions');
    case 'prevention':
      return refuse.invalidMessage('This symbol does not allow the specified self-trade prevention mode.');
    default:
      return refuse.invalid(name);
  }
}

/** A query string or form body as names and values; a name that comes twice is refused. */
export function parseForm(text: string): RawParameters {
  // Without a prototype, whose names a sender could choose.
  const raw: RawParameters = Object.create(null);
  if (text === '') return raw;
  for (const pair of text.split('&')) {
    const at = pair.indexOf('=');
    const name = decode(at < 0 ? pair : pair.slice(0, at));
    if (name in raw) throw new ApiError(-1101, 'Duplicate values for a parameter detected.');
    raw[name] = at < 0 ? '' : decode(pair.slice(at + 1));
  }
  return raw;
}

function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new ApiError(-1100, 'Illegal characters found in a parameter.');
  }
}
