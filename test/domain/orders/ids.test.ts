import { expect, it } from 'vitest';
import { legId } from '../../../contracts/leg-ids.ts';
import { intentId, manualCycleId, orderWorkflowId, planWorkflowId } from '../../../contracts/workflow-ids.ts';
import type { Money, Price, Quantity } from '../../../domain/money/money.ts';
import type { FencedOrder } from '../../../domain/orders/fenced-order.ts';
import type { IntentId, LegId, VenueOrderId } from '../../../domain/orders/ids.ts';
import type { Fill, OrderLeg } from '../../../domain/orders/orders.ts';
import type { SubmissionTerms } from '../../../domain/orders/submissions.ts';
import { flatPosition, isRemnant } from '../../../domain/portfolio/position.ts';
import type { RiskLimits } from '../../../domain/portfolio/request.ts';
import type { ExitTerms } from '../../../domain/protection/exits.ts';
import { barriersOf } from '../../../domain/protection/protection.ts';
import type { Intent } from '../../../stores/journal/books/intents.ts';
import type { Journal } from '../../../stores/journal/port.ts';
import type { TradingPort, VenueOrder } from '../../../venues/port.ts';

const cycle = manualCycleId('main', 0);
const leg = legId('main', cycle, 'BTC/USDT', 0, 'open');
const intent = intentId(leg, 1);

/** Never run: the compiler holds each line, and an expected error that does not come is an error. */
export async function swapped(
  { intents, cycles, ledger }: Pick<Journal, 'intents' | 'cycles' | 'ledger'>,
  trading: TradingPort,
  venueOrderId: VenueOrderId,
): Promise<void> {
  // @ts-expect-error a text without a kind is no leg
  await intents.ofLeg('sph1');
  // @ts-expect-error nor is it a submission
  await intents.find('sph1-1');
  // @ts-expect-error nor a cycle
  await cycles.find('cycle/main/1');
  // @ts-expect-error nor an order's workflow
  orderWorkflowId('sph1');
  // @ts-expect-error a submission is no leg
  await intents.ofLeg(intent);
  // @ts-expect-error a leg is no submission
  await intents.find(leg);
  // @ts-expect-error a submission is not what the exchange calls its order
  await intents.findByVenueOrder('main', 'BTC/USDT', intent);
  // @ts-expect-error a cycle is no leg
  await cycles.releaseLeg(cycle);
  // @ts-expect-error a leg is no cycle
  await cycles.find(leg);
  // @ts-expect-error a cycle is no leg
  await ledger.fillsOfLeg(cycle);
  // @ts-expect-error a leg is no cycle
  await ledger.fillsOfCycle(leg);
  // @ts-expect-error an order is cancelled by its submission, and not by its leg
  await trading.cancel('BTC/USDT', leg);
  // @ts-expect-error by the client's id, and not by the exchange's
  await trading.findOrder('BTC/USDT', venueOrderId);
  // @ts-expect-error by the exchange's id, and not by the client's
  await trading.orderById('BTC/USDT', intent);
  // @ts-expect-error in this order
  await trading.fillsOf({ account: 'main', symbol: 'BTC/USDT' }, venueOrderId, intent);
  // @ts-expect-error an order's workflow is its leg's
  orderWorkflowId(intent);
  // @ts-expect-error a plan's workflow is its cycle's
  planWorkflowId(leg);
}

/** Never run, as above. */
export function exchanged(price: Price, quantity: Quantity, money: Money, of: Intent, limits: RiskLimits): unknown[] {
  return [
    // @ts-expect-error a text without a kind is no price
    { limitPrice: '1' } satisfies Pick<FencedOrder, 'limitPrice'>,
    // @ts-expect-error nor a quantity
    { quantity: '1' } satisfies Pick<SubmissionTerms, 'quantity'>,
    // @ts-expect-error nor an amount
    { minNotional: '1' } satisfies Pick<OrderLeg, 'minNotional'>,
    // @ts-expect-error nor what was filled
    { price: '1', quantity } satisfies Pick<Fill, 'price' | 'quantity'>,
    // @ts-expect-error a price is no quantity
    { quantity: price } satisfies Pick<OrderLeg, 'quantity'>,
    // @ts-expect-error a quantity is no price
    { limitPrice: of.quantity } satisfies Pick<OrderLeg, 'limitPrice'>,
    // @ts-expect-error an amount is no quantity
    { quantity: of.minNotional } satisfies Pick<SubmissionTerms, 'quantity'>,
    // @ts-expect-error an amount is no price
    { price: limits.maxOrderNotional } satisfies Pick<Fill, 'price'>,
    // @ts-expect-error a price is no quantity
    { filledQuantity: of.limitPrice } satisfies Pick<VenueOrder, 'filledQuantity'>,
    // @ts-expect-error a quantity is no price
    { limitPrice: quantity } satisfies Pick<FencedOrder, 'limitPrice'>,
    // @ts-expect-error first the price
    isRemnant(flatPosition('BTC/USDT'), money, price),
    // @ts-expect-error the highest is a price
    barriersOf({}, { quantity, averageCost: price, openedAt: 0 }, quantity),
    // @ts-expect-error what is bid is a price
    { bid: quantity } satisfies Pick<ExitTerms, 'bid'>,
  ];
}

it('ids of one kind are words of their own, made of one another', () => {
  const ids: [string, LegId, IntentId] = [cycle, leg, intent];
  expect(ids[0]).toBe('cycle/main/manual/1970-01-01T00:00:00.000Z');
  expect(ids[1]).toMatch(/^sph[0-9a-f]{24}$/);
  expect(ids[2]).toBe(`${leg}-1`);
});
