import { z } from 'zod';
import type { Money, Price, Quantity } from '../domain/money/money.ts';
import type { CycleId, LegId } from '../domain/orders/ids.ts';
import { type OrderLeg, orderTypes, type Working } from '../domain/orders/orders.ts';
import type { OrderResult } from './cycle.ts';
import { decimalText, positiveDecimalText, symbolText } from './decimal-text.ts';
import { kindOf } from './ids.ts';
import { accountInput } from './inputs.ts';

const id = z.string().min(1).max(300);
const workingSchema: z.ZodType<Working> = z.discriminatedUnion('style', [
  z.looseObject({ style: z.literal('once') }),
  z.looseObject({ style: z.literal('chase'), submissions: z.int().positive() }),
  z.looseObject({
    style: z.literal('twap'),
    slices: z.array(kindOf<Quantity>(positiveDecimalText)).min(1),
    intervalMs: z.number().nonnegative(),
  }),
]);

/** Input of the workflow `executeOrder`. A field that is not known is kept: it is of a later release. */
export const orderLegSchema: z.ZodType<OrderLeg> = z.looseObject({
  legId: kindOf<LegId>(id),
  cycleId: kindOf<CycleId>(id),
  correlationId: id,
  account: accountInput,
  symbol: symbolText,
  side: z.enum(['buy', 'sell']),
  purpose: z.enum(['open', 'protect', 'flatten', 'compensate']),
  type: z.enum(orderTypes),
  quantity: kindOf<Quantity>(positiveDecimalText),
  limitPrice: kindOf<Price>(positiveDecimalText),
  stopPrice: kindOf<Price>(positiveDecimalText).exactOptional(),
  timeInForce: z.enum(['IOC', 'FOK', 'GTC']),
  restMs: z.number().nonnegative(),
  working: workingSchema,
  minNotional: kindOf<Money>(decimalText),
  epoch: z.int().nonnegative(),
  triggeredAt: z.number().exactOptional(),
});

/** Input of the workflow `executePlan`. */
export const executePlanInputSchema: z.ZodType<ExecutePlanInput> = z.looseObject({
  cycleId: kindOf<CycleId>(id),
  legs: z.array(orderLegSchema).min(1),
  /** `flatten` where nothing is said. */
  onLegFailure: z.enum(['flatten', 'hold']).exactOptional(),
});
export interface ExecutePlanInput {
  cycleId: CycleId;
  legs: OrderLeg[];
  onLegFailure?: 'flatten' | 'hold';
}

/** Where a leg stands after one step. */
export interface LegProgress {
  /** Over all of its submissions. */
  result: OrderResult;
  /** The newest submission may still be filled. */
  working: boolean;
  /** Until when it may rest; then it is cancelled. UTC epoch milliseconds. */
  restUntil: number;
  /** Missing when the leg sends no other. */
  next?: { submission: number; delayMs: number };
}
