import { z } from 'zod';
import { fates, orderTypes, preventionModes, timesInForce } from '../../../venues/simulated/engine/types.ts';
import type { LoggedCommand } from '../../../venues/simulated/market/simulation.ts';

const units = z.object({ units: z.string().regex(/^-?\d+$/) }).transform((value) => BigInt(value.units));
const levels = z.array(z.tuple([z.int(), z.int()]));
const stamp = { at: z.number() };

const commandSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('place'),
    ...stamp,
    account: z.int(),
    instrument: z.int(),
    side: z.enum(['BUY', 'SELL']),
    type: z.enum(orderTypes),
    timeInForce: z.enum(timesInForce),
    price: z.int(),
    quantity: z.int(),
    quoteQuantity: units,
    stopPrice: z.int(),
    clientId: z.string(),
    prevention: z.enum(preventionModes),
    fate: z.enum(fates).optional(),
  }),
  z.object({
    kind: z.literal('cancel'),
    ...stamp,
    account: z.int(),
    instrument: z.int(),
    orderId: z.int(),
    clientId: z.string(),
  }),
  z.object({ kind: z.literal('deposit'), ...stamp, account: z.int(), asset: z.string(), units }),
  z.object({ kind: z.literal('halt'), ...stamp, instrument: z.int(), halted: z.boolean() }),
  z.object({ kind: z.literal('closed'), ...stamp, toStep: z.int() }),
  z.object({
    kind: z.literal('look'),
    ...stamp,
    instrument: z.int(),
    trades: z.array(z.object({ price: z.int(), quantity: z.int(), buyerIsMaker: z.boolean() })),
    bids: levels,
    asks: levels,
  }),
  z.object({
    kind: z.literal('candles'),
    ...stamp,
    instrument: z.int(),
    candles: z.array(z.tuple([z.int(), z.number(), z.number(), z.number(), z.number(), z.number()])),
  }),
]);

/** Big integers are written as `{"units":"123"}`, so that the text holds them exactly. */
export function encodeCommand(command: LoggedCommand): string {
  return JSON.stringify(command, (_key, value: unknown) =>
    typeof value === 'bigint' ? { units: value.toString() } : value,
  );
}

/** Throws where a line of the log is none. */
export function decodeCommand(body: string): LoggedCommand {
  return commandSchema.parse(JSON.parse(body));
}
